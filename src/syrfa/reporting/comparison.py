"""Every number of a result beside that of its rerun, and how far they may lie apart."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from syrfa.reporting.spread import Allowance
from syrfa.training.run_record import Step

NO_NETWORK = 1e-4
"""Of what no network enters, but for counts: nothing differs between threads; a hundredth of a point, or this share of
a number above 1, is left to other libraries."""
MEASURED = ("micro_auroc", "macro_auroc", "auprc", "max_f1")
"""The metrics of which a spread is on record; others are not judged but where a rerun is to be exact."""

_PARTS = ("metrics", "baselines", "alarms", "regions", "feature_distance", "adapter", "normals", "settings")
_COUNTS = ("videos", "videos_released", "frames", "objects", "steps", "seed", "width", "size")
_WITHOUT_NETWORK = {"box_width", "random_smoothed", "reference_geometry", "chance"}
# counts and settings, by part and the name of the number
_EXACT = {
    "alarms": {"events", "hours", "fps", "recall"},
    "regions": {"regions", "tracks", "boxes", "min_iou", "track_share"},
    "feature_distance": {"tubes", "tubes_of_split", "features", "seed"},
    "adapter": {"lr"},
    "normals": {"objects", "every_frame"},
}
QUANTILE_ENDS = ("low", "high")  # of the calibration `quantile`: measured, though they stand in the protocol
# what a bit-exact rerun needs to be as it was
_CONDITIONS = ("device", "cpu", "threads", "processes", "precision", "packages")

Verdict = Literal["equal", "within", "differs", "missing", "not judged"]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        path: where it stands, a reading's name first.
        committed: its value; None where it is said not to be defined.
        rerun: that of the rerun; None where it has none.
        tolerance: how far apart they may lie; None where nothing was measured.
    """

    path: Path
    committed: float | None
    rerun: float | None
    tolerance: float | None

    @property
    def name(self) -> str:
        """As a table has it."""
        return " ".join((self.path[0], ".".join(self.path[1:]))).strip()

    @property
    def difference(self) -> float | None:
        """The rerun's less the committed one."""
        return None if self.rerun is None or self.committed is None else self.rerun - self.committed

    @property
    def verdict(self) -> Verdict:
        """What follows."""
        if self.rerun is None:
            return "missing"
        if self.difference == 0:
            return "equal"
        if self.tolerance is None:
            return "not judged"
        return "within" if self.difference is not None and abs(self.difference) <= self.tolerance else "differs"

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


def compare(committed: dict[str, Any], rerun: dict[str, Any], allowed: Allowance | None) -> list[Row]:
    """A row for every number of a result.

    Args:
        committed: the result.
        rerun: that of the rerun; numbers that it alone has are not looked at.
        allowed: for numbers of the network; None where every difference counts.
    """
    again = numbers(rerun)
    return [
        Row(path, value, again.get(path), 0.0 if allowed is None else tolerance(path, value, allowed))
        for path, value in numbers(committed).items()
        if value is not None or again.get(path) is not None
    ]


def tolerance(path: Path, value: float | None, allowed: Allowance) -> float | None:
    """How far a rerun under other conditions may lie from `value`; None where that was not measured."""
    part, last = path[1], path[-1]
    if part in (*_COUNTS, "settings") or last in _EXACT.get(part, ()) or "style" in path:
        return 0.0
    if _WITHOUT_NETWORK & set(path):
        return 0.0 if isinstance(value, int) else NO_NETWORK * max(1.0, abs(value or 0.0))
    lead = part.startswith("lead_over_")  # of the micro AUROC
    if allowed.points is None or not (lead or (part in ("metrics", "baselines") and set(path) & set(MEASURED))):
        return None
    return allowed.points[last in ("ci_low", "ci_high")] / 100


def numbers(result: dict[str, Any]) -> dict[Path, float | None]:
    """Every number of a result by its place, None where it is null.

    Those of the result itself begin with an empty name, those of a reading with that of `named_readings`.
    """
    found: dict[Path, float | None] = {}
    for key in (*_COUNTS, *_PARTS):
        found.update(_leaves(result.get(key), ("", key)))
    for name, reading in named_readings(result):
        for key, value in reading.items():
            if key in _PARTS or key.startswith("lead_over_"):
                found.update(_leaves(value, (name, key)))
        if reading["protocol"].get("reference") == "quantile":
            for key in QUANTILE_ENDS:
                found.update(_leaves(reading["protocol"].get(key), (name, "protocol", key)))
    return found


def named_readings(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The readings by protocol, calibration and smoothing, numbered where two share these."""
    seen: Counter[str] = Counter()
    for reading in result["evaluations"]:
        said = reading["protocol"]
        name = " ".join(str(said[key]) for key in ("protocol", "reference", "smoothing") if said.get(key))
        seen[name] += 1
        yield f"{name} ({seen[name]})" if seen[name] > 1 else name, reading


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, float | None]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, (*path, str(key)))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, (*path, str(number)))
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield path, value
