"""What tests of verbs share: the one line of a refused command."""

import pytest

from syrfa.__main__ import main


@pytest.fixture
def refusal(capsys):
    """refusal(arguments): runs a command that must be refused, and returns its one line without the verb."""

    def line_of(arguments):
        capsys.readouterr()
        code = main(arguments)
        printed = capsys.readouterr().err
        assert code == 2, printed
        lines = [line for line in printed.replace("\r", "\n").splitlines() if ": error: " in line]
        assert len(lines) == 1, printed
        assert len(lines[0]) < 600
        assert not {"<class", "Union", "NestedArg", "Traceback"} & set(printed.replace("(", " ").split())
        return lines[0].split(": error: ", 1)[1]

    return line_of
