"""Every number of a result beside that of its rerun, and how far they may lie apart."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from syrfa.recipe.step import Step

NETWORK = 0.12
"""Of a score's metric: the largest difference between one and two threads among `experiments/results`, 0.1163
(demo_knowledge_seed1 and demo_knowledge_seed1_threads2, demo_adapt likewise), rounded up to a whole point."""
BOUND = 0.16
"""Of the end of its interval: likewise, 0.1538."""
NO_NETWORK = 1e-4
"""Of what no network enters: the same pair has no difference; a hundredth of a point is left to other libraries."""
MEASURED = ("micro_auroc", "macro_auroc", "auprc", "max_f1")
"""The metrics of which that spread was measured; others are not judged but where a rerun is to be exact."""

_PARTS = ("metrics", "baselines", "alarms", "regions")
_COUNTS = ("videos", "frames", "objects", "steps")
_WITHOUT_NETWORK = {"box_width", "random_smoothed", "chance", *_COUNTS}
# what a bit-exact rerun needs to be as it was
_CONDITIONS = ("device", "cpu", "threads", "processes", "precision", "packages")

Verdict = Literal["equal", "within", "differs", "missing", "not judged"]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        path: where it stands, a reading's name first.
        committed: its value.
        rerun: that of the rerun; None where it has none.
        tolerance: how far apart they may lie; None where nothing was measured.
    """

    path: Path
    committed: float
    rerun: float | None
    tolerance: float | None

    @property
    def name(self) -> str:
        """As a table has it."""
        return " ".join((self.path[0], ".".join(self.path[1:]))).strip()

    @property
    def difference(self) -> float | None:
        """The rerun's less the committed one."""
        return None if self.rerun is None else self.rerun - self.committed

    @property
    def verdict(self) -> Verdict:
        """What follows."""
        if self.difference is None:
            return "missing"
        if self.difference == 0:
            return "equal"
        if self.tolerance is None:
            return "not judged"
        return "within" if abs(self.difference) <= self.tolerance else "differs"

    @property
    def failed(self) -> bool:
        """Whether the result was not reproduced."""
        return self.verdict in ("differs", "missing")


def changed_conditions(committed: Sequence[Step], rerun: Sequence[Step]) -> list[str]:
    """What of a bit-exact rerun's conditions is not as it was, a phrase each; a device other than a CPU is one."""
    found: list[str] = []
    for step, again in zip(committed, rerun, strict=True):
        theirs, ours = step["environment"], again["environment"]
        found += [f"{theirs['device']} does not sum in one order"] if theirs["device"] != "cpu" else []
        for key in _CONDITIONS:
            found += differences(key, theirs.get(key), ours.get(key))
    return list(dict.fromkeys(found))


def differences(name: str, theirs: object, ours: object) -> list[str]:
    """`name: theirs, here ours`, a phrase for each value that differs within."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = sorted(theirs.keys() | ours.keys())
        return [said for key in keys for said in differences(key, theirs.get(key), ours.get(key))]
    return [] if theirs == ours else [f"{name} {theirs}, here {ours}"]


def compare(committed: dict[str, Any], rerun: dict[str, Any], exact: bool) -> list[Row]:
    """A row for every number of a result.

    Args:
        committed: the result.
        rerun: that of the rerun; numbers that it alone has are not looked at.
        exact: every difference counts.
    """
    again = numbers(rerun)
    return [
        Row(path, value, again.get(path), 0.0 if exact else tolerance(path, value))
        for path, value in numbers(committed).items()
    ]


def tolerance(path: Path, value: float) -> float | None:
    """How far a rerun under other conditions may lie from `value`; None where that was not measured."""
    names = set(path)
    if names & _WITHOUT_NETWORK:
        return NO_NETWORK * max(1.0, abs(value))
    if "regions" in names or "alarms" in names:
        return None
    lead = any(name.startswith("lead_over_") for name in path)  # of the micro AUROC
    if not lead and not names & set(MEASURED):
        return None
    return BOUND if path[-1] in ("ci_low", "ci_high") else NETWORK


def numbers(result: dict[str, Any]) -> dict[Path, float]:
    """Every number of a result by its place.

    Those of the result itself begin with an empty name, those of a reading with its protocol and smoothing, numbered
    where two readings share these.
    """
    found: dict[Path, float] = {("", key): result[key] for key in _COUNTS if key in result}
    for key in _PARTS:
        found.update(_leaves(result.get(key), ("", key)))
    seen: Counter[str] = Counter()
    for reading in result["readings"]:
        said = reading["protocol"]
        name = " ".join(str(said[key]) for key in ("protocol", "calibration", "smoothing") if said.get(key))
        seen[name] += 1
        name = f"{name} ({seen[name]})" if seen[name] > 1 else name
        for key, value in reading.items():
            if key in _PARTS or key.startswith("lead_over_"):
                found.update(_leaves(value, (name, key)))
    return found


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, float]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, (*path, str(key)))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, (*path, str(number)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value
