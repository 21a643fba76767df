"""How far apart the network's numbers of two runs lie on record: what a rerun on another machine may differ by.

Sums in another order make another network of the same recipe, as another seed does. The differences are those among
`experiments/results`, computed from these files by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Points = tuple[int, int]
"""Percentage points, rounded up: of a score's metric, and of the ends of its interval."""

THREADS: Points = (12, 16)
"""Between one thread and two: demo_knowledge_seed1 and demo_adapt_seed1 beside their `_threads2`."""
DEMO_STEPS, DEMO_WIDTH = 500, 8
"""The largest networks of which that was measured."""
DEMO = {
    "421061bf358d201bb2347fb74db21463d0d24de8f134981c07baacf474339b47": "the demo's target, version 1",
    "cd6f864143a1b53f5f882097552f0dbe2d16bc93c2057d8078376beb0043a6ae": "the demo's target, version 2",
    "92829615decd73fa4a880432921f31129dc95a120f5afe2a414ec65bee8d1d04": "the demo's target, version 3",
}
"""The tested splits of the demo by the hash of their manifest, which a rerun has to have as well."""
SPLITS = {
    **DEMO,
    "41862a8c062d82da0003f5b4a322776cf9acf93c351d375634c9a377bf553d71": "UCSD Ped2",
    "cabe3afab304d02c96108c71bae4bd638c15cea7ed0cbd36e05d79f6ffa85ece": "the clips of ShanghaiTech",
}
SEEDS: Mapping[str, Mapping[str, Points]] = {
    "92829615decd73fa4a880432921f31129dc95a120f5afe2a414ec65bee8d1d04": {"demo_transfer_knowledge": (16, 18)},
    "41862a8c062d82da0003f5b4a322776cf9acf93c351d375634c9a377bf553d71": {
        "ped2_adapt": (7, 15),
        "ped2_knowledge": (4, 8),
        "ped2_transfer_adapt": (7, 11),
        "ped2_transfer_knowledge": (7, 10),
        "table2_ped2_exp1": (14, 23),
        "table2_ped2_exp2": (14, 19),
        "table2_ped2_exp3": (5, 9),
        "table2_ped2_exp4": (8, 16),
        "table2_ped2_exp5": (8, 16),
        "table2_ped2_exp5_lr1e-2": (9, 14),
        "table2_ped2_exp6": (8, 16),
        "table2_ped2_exp6_lr1e-2": (12, 25),
    },
    "cabe3afab304d02c96108c71bae4bd638c15cea7ed0cbd36e05d79f6ffa85ece": {"shanghaitech_transfer_knowledge": (8, 8)},
}
"""The largest difference between two seeds, by tested split and experiment; the demo's own networks left out."""


@dataclass(frozen=True)
class Allowance:
    """How far a number of the network may lie from that of a rerun under other conditions.

    Attributes:
        points: of a score's metrics and leads, and of the ends of their intervals; None where nothing was measured.
        why: where they come from, as one clause.
    """

    points: Points | None
    why: str

    @property
    def line(self) -> str:
        """As it stands above a comparison."""
        if self.points is None:
            return f"numbers of the network are not judged, because {self.why}"
        value, bound = self.points
        return f"coarse: {value} points, ends of intervals {bound}, because {self.why}"


def allowance(result: Mapping[str, Any]) -> Allowance:
    """What the record says of a result's tested split and experiment."""
    split, experiment = str(result.get("manifest_sha256")), str(result.get("experiment"))
    if split in DEMO and is_demo_sized(result):
        return Allowance(
            THREADS,
            "so far apart lie one thread and two for the demo's networks",
        )
    known = SEEDS.get(split, {})
    if not known:
        return Allowance(None, "no experiment with several seeds is on record for this tested split")
    name = SPLITS[split]
    if experiment in known:
        return Allowance(known[experiment], f"so far apart lie the seeds of {experiment} on {name}")
    largest = max(value for value, _ in known.values()), max(bound for _, bound in known.values())
    return Allowance(
        largest,
        f"{experiment} is not on record with several seeds, and so far apart lie those of the most unsteady "
        f"experiment on {name}",
    )


def is_demo_sized(result: Mapping[str, Any]) -> bool:
    """Whether its network is no larger and was trained no longer than those that threads were measured of."""
    width, steps = result.get("width"), result.get("steps")
    return isinstance(width, int) and isinstance(steps, int) and width <= DEMO_WIDTH and 0 < steps <= DEMO_STEPS
