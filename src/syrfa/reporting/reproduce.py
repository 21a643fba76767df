"""A result compared with its rerun: every number, how far apart two may lie, and what results record of their data."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from syrfa.evaluation.result import Result
from syrfa.training.run_record import Step
from syrfa.utils.files import leaves

NO_NETWORK = 1e-4
"""Of what no network enters, but for counts: nothing differs between threads; a hundredth of a point, or this share of
a number above 1, is left to other libraries."""
MEASURED = ("micro_auroc", "macro_auroc", "auprc", "max_f1")
"""The metrics of which a spread is known; others are not judged but where a rerun is to be exact."""
SPREAD = Path(__file__).with_name("spread.json")
"""The largest difference between two seeds, in points, by the manifest's hash of a tested split and by experiment; the
demo's own networks left out. A test computes it from `experiments/results`."""
THREADS = (12, 16)
"""Points between one thread and two, of demo_knowledge and demo_adapt: measured once, on the generator's version 1."""
CLEAN = "no test information"
"""The beginning of a clean audit's line."""

# what THREADS was measured of: the split by the hash of its manifest, and the largest networks
_DEMO, _DEMO_STEPS, _DEMO_WIDTH = "92829615decd73fa4a880432921f31129dc95a120f5afe2a414ec65bee8d1d04", 500, 8
_FACTS = ("transductive", "oracle", "dataset", "split", "manifest_sha256")
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
# what a bit-exact rerun needs to be as it was
_CONDITIONS = ("device", "cpu", "threads", "processes", "precision", "packages")

Place = tuple[str, ...]
Verdict = Literal["equal", "within", "differs", "missing", "not judged"]


@dataclass(frozen=True)
class Allowance:
    """How far a number of the network may lie from that of a rerun under other conditions.

    In percentage points: a score's metrics and leads, and the ends of their intervals; None where nothing was measured.
    """

    points: tuple[int, int] | None
    why: str  # as one clause

    @property
    def line(self) -> str:
        """As it is printed above a comparison."""
        if self.points is None:
            return f"numbers of the network are not judged, because {self.why}"
        value, bound = self.points
        return f"coarse: {value} points, ends of intervals {bound}, because {self.why}"


def allowance(result: Result) -> Allowance:
    """What is on record for a result's tested split and experiment.

    Sums in another order make another network of the same configuration, as another seed does.
    """
    split, experiment, steps = result.get("manifest_sha256"), result.get("experiment"), result.get("steps") or 0
    if split == _DEMO and (result.get("width") or 99) <= _DEMO_WIDTH and 0 < steps <= _DEMO_STEPS:
        return Allowance(THREADS, "so far apart lie one thread and two for the demo's networks")
    spread = json.loads(SPREAD.read_text())
    if split not in spread:
        return Allowance(None, "no experiment with several seeds is on record for this tested split")
    name, known = spread[split]["name"], spread[split]["experiments"]
    if experiment in known:
        value, bound = known[experiment]
        return Allowance((value, bound), f"so far apart lie the seeds of {experiment} on {name}")
    values, bounds = zip(*known.values(), strict=True)
    why = "is not on record with several seeds, and so far apart lie those of the most unsteady experiment on"
    return Allowance((max(values), max(bounds)), f"{experiment} {why} {name}")


@dataclass(frozen=True)
class Row:
    """One number of a result and of its rerun."""

    path: Place  # an evaluation's name first
    committed: float | None
    rerun: float | None
    tolerance: float | None  # None where nothing was measured

    @property
    def name(self) -> str:
        """As a table has it."""
        return f"{self.path[0]} {'.'.join(self.path[1:])}".strip()

    @property
    def difference(self) -> float | None:
        """The rerun's less the committed one."""
        return None if self.rerun is None or self.committed is None else self.rerun - self.committed

    @property
    def verdict(self) -> Verdict:
        """What follows; `missing` and `differs` are failures."""
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


def compare(committed: Result, rerun: Result, allowed: Allowance | None) -> list[Row]:
    """A row for every number of a result, with no allowance where every difference counts.

    Numbers that the rerun alone has are not looked at.
    """
    again = numbers(rerun)
    return [
        Row(place, value, again.get(place), 0.0 if allowed is None else tolerance(place, value, allowed))
        for place, value in numbers(committed).items()
        if value is not None or again.get(place) is not None
    ]


def contradictions(committed: Result, rerun: Result) -> list[str]:
    """What a result records and its rerun does not, a line each: data, switches, protocols and audits."""
    found = [line for key in _FACTS for line in _unlike(key, committed.get(key), rerun.get(key))]
    found += _unlike_audits("audit", committed, rerun)
    again = dict(_named_evaluations(rerun))
    for name, evaluation in _named_evaluations(committed):
        other = again.get(name)
        if other is None:
            found.append(f"{name}: the rerun has no such evaluation")
            continue
        theirs, ours = evaluation["protocol"], other["protocol"]
        for key in sorted(theirs.keys() | ours.keys()):
            found += _unlike(f"{name} protocol.{key}", theirs.get(key), ours.get(key))
        found += _unlike_audits(f"{name} audit", evaluation, other)
    return found


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
        return [phrase for key in keys for phrase in differences(key, theirs.get(key), ours.get(key))]
    return [] if theirs == ours else [f"{name} {theirs}, here {ours}"]


def tolerance(place: Place, value: float | None, allowed: Allowance) -> float | None:
    """How far a rerun under other conditions may lie from `value`; None where that was not measured."""
    if place[1] in (*_COUNTS, "settings") or place[-1] in _EXACT.get(place[1], ()) or "style" in place:
        return 0.0
    if _WITHOUT_NETWORK & set(place):
        return 0.0 if isinstance(value, int) else NO_NETWORK * max(1.0, abs(value or 0.0))
    measured = place[1] in ("metrics", "baselines") and set(place) & set(MEASURED)
    if allowed.points is None or not (measured or place[1].startswith("lead_over_")):  # a lead is of the micro AUROC
        return None
    return allowed.points[place[-1] in ("ci_low", "ci_high")] / 100


def numbers(result: Result) -> dict[Place, float | None]:
    """Every number of a result by its place, None where it is null; the result's own begin with an empty name."""
    found: dict[Place, float | None] = {}
    for key in (*_COUNTS, *_PARTS):
        found.update(_numbers(result.get(key), ("", key)))
    for name, evaluation in _named_evaluations(result):
        for key, value in evaluation.items():
            if key in _PARTS or key.startswith("lead_over_"):
                found.update(_numbers(value, (name, key)))
    return found


def _named_evaluations(result: Result) -> Iterator[tuple[str, dict[str, Any]]]:
    """The evaluations by protocol, reference and smoothing, numbered where two share these."""
    seen: Counter[str] = Counter()
    for evaluation in result["evaluations"]:
        protocol = evaluation["protocol"]
        name = " ".join(str(protocol[key]) for key in ("protocol", "reference", "smoothing") if protocol.get(key))
        seen[name] += 1
        yield f"{name} ({seen[name]})" if seen[name] > 1 else name, evaluation


def _numbers(value: object, place: Place) -> Iterator[tuple[Place, float | None]]:
    for at, leaf in leaves(value, place):
        if leaf is None or (isinstance(leaf, int | float) and not isinstance(leaf, bool)):
            yield at, leaf


def _unlike(name: str, theirs: object, ours: object) -> list[str]:
    return [] if theirs == ours else [f"{name}: {json.dumps(theirs)}, of the rerun {json.dumps(ours)}"]


def _unlike_audits(name: str, committed: dict[str, Any], rerun: dict[str, Any]) -> list[str]:
    """Of a result of before the audits nothing; of the line its beginning, for its wording may change."""
    theirs, ours = committed.get("audit"), rerun.get("audit")
    if theirs is None:
        return []
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return _unlike(name, theirs, ours)
    clean = [str(audit.get("line")).startswith(CLEAN) for audit in (theirs, ours)]
    return [
        *_unlike(f"{name}.test_information", theirs.get("test_information"), ours.get("test_information")),
        *_unlike(f"{name}.line begins with '{CLEAN}'", *clean),
    ]
