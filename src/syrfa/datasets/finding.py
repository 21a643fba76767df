"""One line of what the doctor found."""

from dataclasses import dataclass
from typing import Literal

from syrfa.errors import UserError

Level = Literal["ok", "note", "problem"]


class UnusableDataError(UserError, ValueError):
    """A copy of a data set has a fault that would make numbers wrong."""


@dataclass(frozen=True)
class Finding:
    """What was found, where, and how to fix it.

    Attributes:
        level: `ok`; `note`, worth knowing; `problem`, numbers would be wrong or there would be none.
        where: a split, a video or a file.
        what: in words.
        fix: what to do; empty for `ok`.
    """

    level: Level
    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.level:<7}  {self.where}: {self.what}{'; ' if self.fix else ''}{self.fix}"


def problem(where: object, what: str, fix: str) -> Finding:
    """A finding that makes the copy unusable."""
    return Finding("problem", str(where), what, fix)


def note(where: object, what: str, fix: str = "nothing need be done") -> Finding:
    """A finding that is worth knowing."""
    return Finding("note", str(where), what, fix)
