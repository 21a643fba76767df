"""How far apart the network's numbers of two runs lie on record: what a rerun on another machine may differ by.

Sums in another order make another network of the same configuration, as another seed does. The differences are those
among `experiments/results` and its archived tables, computed from these files by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Points = tuple[int, int]
"""Percentage points, rounded up: of a score's metric, and of the ends of its interval."""

THREADS: Points = (12, 16)
"""Between one thread and two, of demo_knowledge and demo_adapt, seed 1: measured once, on the generator's version 1."""
DEMO_STEPS, DEMO_WIDTH = 500, 8
"""The largest networks of which that was measured."""
DEMO = {
    "92829615decd73fa4a880432921f31129dc95a120f5afe2a414ec65bee8d1d04": "the demo's target",
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
        "ped2_cls": (18, 19),
        "ped2_cls_aux": (42, 48),
        "ped2_cls_cont": (13, 22),
        "ped2_full": (10, 15),
        "ped2_full_ap": (10, 15),
        "ped2_full_rap": (10, 15),
        "ped2_grid1_rap": (35, 39),
        "ped2_grid2_rap": (50, 56),
        "ped2_grid3_rap": (11, 24),
        "ped2_grid4_rap": (18, 23),
        "ped2_grid5_rap": (29, 32),
        "ped2_grid7_rap": (23, 30),
        "ped2_grid8": (35, 43),
        "ped2_grid8_rap": (35, 43),
        "ped2_grid9_rap": (23, 38),
        "ped2_grl": (16, 24),
        "ped2_low_ap": (35, 43),
        "ped2_low_ap_fast": (40, 48),
        "ped2_low_cls_cont": (26, 40),
        "ped2_low_rap_fast": (35, 41),
        "ped2_transfer_adapt": (7, 11),
        "ped2_transfer_knowledge": (7, 10),
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
        """As it is printed above a comparison."""
        if self.points is None:
            return f"numbers of the network are not judged, because {self.why}"
        value, bound = self.points
        return f"coarse: {value} points, ends of intervals {bound}, because {self.why}"


def allowance(result: Mapping[str, Any]) -> Allowance:
    """What is on record for a result's tested split and experiment."""
    split, experiment = str(result.get("manifest_sha256")), str(result.get("experiment"))
    if split in DEMO and is_demo_sized(result):
        return Allowance(THREADS, "so far apart lie one thread and two for the demo's networks")
    known = SEEDS.get(split)
    if not known:
        return Allowance(None, "no experiment with several seeds is on record for this tested split")
    if experiment in known:
        return Allowance(known[experiment], f"so far apart lie the seeds of {experiment} on {SPLITS[split]}")
    values, bounds = zip(*known.values(), strict=True)
    why = "is not on record with several seeds, and so far apart lie those of the most unsteady experiment on"
    return Allowance((max(values), max(bounds)), f"{experiment} {why} {SPLITS[split]}")


def is_demo_sized(result: Mapping[str, Any]) -> bool:
    """Whether its network is no larger and was trained no longer than those that threads were measured of."""
    width, steps = result.get("width"), result.get("steps")
    return isinstance(width, int) and isinstance(steps, int) and width <= DEMO_WIDTH and 0 < steps <= DEMO_STEPS
