"""`python -m syrfa`, also installed as `syrfa`: the verbs, the exit codes, one line for what the user got wrong.

Exit codes: 0 done; 1 an internal error; 2 the input is wrong; 3 `reproduce` found another number; 130
interrupted; 143 terminated; both with a checkpoint on disk once a batch was trained. `SYRFA_DEBUG=1` shows the
traceback of a user error too.
"""

import errno
import os
import sys
from collections.abc import Sequence

from syrfa import __version__
from syrfa.errors import UserError, in_one_line
from syrfa.utils.signals import BROKEN_PIPE, INTERRUPTED, StopSignals, Terminated

VERBS = {
    "generate": "render a labelled synthetic source, or a second camera's world",
    "prepare": "detect objects, cut tubes and cache them",
    "fit": "train: stage 0 (JigsawModule), phase 1 (SynthKnowledgeModule) or phase 2 (RealAdaptModule)",
    "validate": "score the validation split",
    "test": "score the test split: scores, result.json, pictures",
    "predict": "score videos one by one, labelled or not, and write the scores",
    "evaluate": "measure the stored scores of a tested run under another protocol",
    "detect": "find objects and write their boxes to a file, for tubes cut elsewhere",
    "tables": "run the paper's tables 1 to 5 and figures 3 and 4, and print them next to its numbers",
    "sweep": "run a W&B sweep file without W&B's server, in parallel processes",
    "summary": "print the results of runs with box_width and chance",
    "report": "write one HTML page about a run or a folder of runs",
    "figure": "draw figure 3 or 4 of the paper from tested runs",
    "reproduce": "what it takes to make a result again; --check runs it again and compares",
    "data": "list the data sets, download one, or check a copy against what was published of it",
}
TRAINER_VERBS = ("fit", "validate", "test")
# a place that was given cannot be used; ENOENT is left out, since every reader of ours names what is missing
_BAD_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
_BAD_PLACE |= {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP}


def usage() -> str:
    """The help of the program itself; answers without importing torch."""
    rows = "\n".join(f"  {verb:<10} {text}" for verb, text in VERBS.items())
    return (
        f"syrfa {__version__}: synthetic-to-real video anomaly detection\n\n"
        f"usage: python -m syrfa VERB [options]\n\n{rows}\n\n"
        "`python -m syrfa VERB --help` lists a verb's options; `fit --help` leads to those of trainer, model and data."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: without the program's name; the process's own by default.

    Returns:
        the exit code.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(__version__)
        return 0
    verb = arguments[0]
    try:
        with StopSignals() as signals:
            return _run(verb, arguments, signals)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Terminated:
        return signals.exit_code
    except BrokenPipeError:  # nobody reads any more, as behind `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still held goes nowhere
        return BROKEN_PIPE
    except Exception as error:
        user_error = _user_error(error)
        if user_error is None or os.environ.get("SYRFA_DEBUG") == "1":
            raise
        print(f"syrfa {verb}: error: {in_one_line(user_error)}", file=sys.stderr)
        return 2


def _run(verb: str, arguments: list[str], signals: StopSignals) -> int:
    if verb in TRAINER_VERBS:
        from syrfa.verbs.trainer import run_trainer

        return run_trainer(arguments, signals)
    if verb in VERBS:
        from syrfa.verbs import run_command

        return run_command(verb, arguments[1:])
    from syrfa.errors import ConfigError

    raise ConfigError(f"there is no verb '{verb}'; choose from {', '.join(VERBS)}")


def _user_error(error: BaseException | None) -> UserError | None:
    """The user's error in a chain: the parser wraps what a constructor raises."""
    if isinstance(error, OSError) and not isinstance(error, UserError) and error.errno in _BAD_PLACE:
        place = f"{error.filename}: " if error.filename else ""
        return UserError(
            f"{place}{error.strerror}; choose a place that can be written, and see that its disk is not full"
        )
    while error is not None and not isinstance(error, UserError):
        error = error.__cause__
    return error


if __name__ == "__main__":
    sys.exit(main())
