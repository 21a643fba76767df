"""What results say of feature distances (the paper's Fig. 4), side by side: panels, and differences of adapters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from syrfa.errors import ConfigError

RESAMPLES = 1000
ORDER = ("none", "ap", "rap")


@dataclass(frozen=True)
class Measured:
    """The distances of one run through one adapter.

    Attributes:
        run: `<experiment>/<run id>`.
        scale: what two of them must share to stand on one axis: data set, split, manifest, cache, number of features,
            tubes, draw, style.
        seed: of the run.
        adapter: `none`, `rap`, `ap`, or `ap` with its depth.
        groups: by name, as in the result.
        between: as in the result.
        by_video: as in the result.
        phase1: mean distance without adapters, which tells whether two runs adapted the same phase 1.
        auroc: micro AUROC of the run's first reading.
    """

    run: str
    scale: tuple[Any, ...]
    seed: int
    adapter: str
    groups: dict[str, Any]
    between: dict[str, Any]
    by_video: tuple[dict[str, Any], ...]
    phase1: float
    auroc: float | None

    @property
    def mean(self) -> float:
        """Of all tubes."""
        return float(self.groups["all"]["mean"])


def measured_of(run: Path, result: dict[str, Any]) -> list[Measured]:
    """What a result says of the adapter it was scored through and, where there is one, of the network without it.

    Raises:
        ConfigError: it says nothing, or why there is none.
    """
    distance = result.get("feature_distance")
    if distance and distance.get("reason"):
        raise ConfigError(f"{run}: its feature distance could not be measured: {distance['reason']}")
    if not distance:
        raise ConfigError(f"{run}: has no feature distance; run `syrfa test` with --evaluation.feature_distance true")
    depth = (result["settings"].get("adapter_args") or {}).get("depth", 1)
    adapter = distance["adapter"]
    if adapter == "ap" and depth > 1:
        adapter = f"ap depth {depth}"
    plain = distance["unadapted"] or distance
    reading = result["evaluations"][0]
    values = [(adapter, distance, reading["metrics"])]
    if distance["unadapted"]:
        values.append(("none", distance["unadapted"], reading["baselines"].get("unadapted", {})))
    style = distance["style"]
    scale = (
        *(result["dataset"], result["split"], result["manifest_sha256"][:8], result["cache_key"]),
        *(distance["features"], distance["tubes"], distance["seed"], str(sorted(style.items()))),
    )
    return [
        Measured(
            run=f"{result['experiment']}/{result['run_id']}",
            scale=scale,
            seed=int(result["seed"]),
            adapter=name,
            groups=values["groups"],
            between=values["between"],
            by_video=tuple(values["by_video"]),
            phase1=float(plain["groups"]["all"]["mean"]),
            auroc=metrics.get("micro_auroc", {}).get("value"),
        )
        for name, values, metrics in values
    ]


def quantiles_of(group: dict[str, Any]) -> list[float]:
    """The 5, 25, 50, 75 and 95 % quantiles of a group's distances; empty where it has no tube.

    The first results with a feature distance call them `quartiles`.
    """
    return list(group.get("quantiles") or group.get("quartiles") or ())


def arrange(parts: Sequence[Measured]) -> dict[tuple[Any, ...], list[Measured]]:
    """One panel for each scale; within it by adapter (none, AP, RAP) and seed.

    The network without adapters, which runs of one phase 1 share, stands once.

    Raises:
        ConfigError: two runs have the same adapter and seed, and not the same distances.
    """
    panels: dict[tuple[Any, ...], dict[tuple[str, int, int], Measured]] = defaultdict(dict)
    for part in sorted(parts, key=lambda part: part.run):  # the picture does not depend on the order of the runs
        panel = panels[part.scale]
        if part.adapter != "none":
            if (part.adapter, part.seed, 0) in panel:
                raise ConfigError(
                    f"{panel[part.adapter, part.seed, 0].run} and {part.run}: both are adapter {part.adapter}, seed "
                    f"{part.seed}, on {part.scale[0]}; give one of them"
                )
            panel[part.adapter, part.seed, 0] = part
            continue
        same = [other for other in panel.values() if other.adapter == "none" and _same_phase1(other, part)]
        if not same:
            panel["none", part.seed, len(panel)] = part
    return {
        scale: sorted(panel.values(), key=lambda p: (ORDER.index(kind(p.adapter)), p.adapter, p.seed, p.run))
        for scale, panel in sorted(panels.items(), key=lambda item: tuple(map(str, item[0])))
    }


def differences(parts: Sequence[Measured]) -> list[dict[str, Any]]:
    """Mean distance of one adapter less that of another, for every pair of them that runs of one seed have.

    For each seed the interval is a percentile bootstrap over videos, both drawn alike. `same_phase1` says whether both
    were adapted from the same weights: otherwise more than the adapter differs.

    Returns:
        one entry a pair: `of`, `less`, `seeds` (each `seed`, `value`, `ci_low`, `ci_high`, `videos`, `same_phase1`),
        `mean` and, of several seeds, `std` (divided by n - 1).
    """
    found = []
    names = sorted({part.adapter for part in parts}, key=lambda name: (ORDER.index(kind(name)), name))
    for less, of in combinations(names, 2):
        seeds = []
        for ours in (part for part in parts if part.adapter == of):
            theirs = [part for part in parts if part.adapter == less and part.seed == ours.seed]
            # of several networks without adapters the one that was adapted
            theirs = [part for part in theirs if _same_phase1(part, ours)] or theirs
            if theirs:
                seeds.append({"seed": ours.seed, **paired_difference(ours, theirs[0])})
        if seeds:
            values = np.array([seed["value"] for seed in seeds])
            std = float(values.std(ddof=1)) if len(values) > 1 else None
            found.append({"of": of, "less": less, "seeds": seeds, "mean": float(values.mean()), "std": std})
    return found


def paired_difference(ours: Measured, theirs: Measured, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Any]:
    """The difference of two mean distances over the same tubes, and its 95 % interval over videos, null where one."""
    tubes, mine = (np.array([video[key] for video in ours.by_video], np.float64) for key in ("tubes", "mean"))
    other = np.array([video["mean"] for video in theirs.by_video], np.float64)
    entry = {
        "value": ours.mean - theirs.mean,
        "ci_low": None,
        "ci_high": None,
        "videos": len(tubes),
        "same_phase1": _same_phase1(ours, theirs),
    }
    if len(tubes) > 1:
        share = np.full(len(tubes), 1 / len(tubes))
        counts = np.random.default_rng(seed).multinomial(len(tubes), share, size=resamples).astype(np.float64)
        drawn = (counts @ (tubes * (mine - other))) / (counts @ tubes)
        entry["ci_low"], entry["ci_high"] = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    return entry


def kind(adapter: str) -> str:
    """Its name without its depth."""
    return adapter.split()[0]


def _same_phase1(one: Measured, other: Measured) -> bool:
    return bool(np.isclose(one.phase1, other.phase1, rtol=1e-5, atol=0.0))
