"""The paper's Fig. 4: how far restyling moves the features, through each adapter and through none."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from syrfa.errors import ConfigError
from syrfa.evaluation.pictures import save_figure
from syrfa.evaluation.result import value_of
from syrfa.reporting.runs import Run
from syrfa.utils.text_table import percent

RESAMPLES = 1000
_SCALE = ("dataset", "split", "manifest", "cache_key", "features", "tubes", "draw", "style")
_NAMES = {"none": "no adapter", "ap": "AP", "rap": "RAP"}
_COLOURS = {"none": "#8c8c8c", "ap": "#d62728", "rap": "#1f4e9c"}  # red and blue are the paper's
_OTHERS = ("#2e8b57", "#a37a00", "#8e3b8a", "#0e7c86")  # of adapters of one's own
_PANEL_HEIGHT, _LINE_HEIGHT = 2.9, 0.13  # inches, of the boxes with their labels and of a line below
_BOXES = "Boxes: quartiles; whiskers: 5 and 95 % quantiles; diamonds: means; one box for each run, seeds ascending."
_CLUSTERS = {"all": "all tubes", "normal": "tubes of normal\nframes", "abnormal": "tubes of abnormal\nframes"}


@dataclass(frozen=True)
class Measured:
    """The distances of one run through one adapter, `none` for the network without it."""

    run: str
    scale: tuple[Any, ...]  # what two of them must share to have one axis
    seed: int
    adapter: str  # with its depth where that is not 1
    distance: dict[str, Any]
    phase1: float  # the mean distance without adapters
    auroc: float | None  # micro, of the run's first evaluation

    @property
    def mean(self) -> float:
        """Of all tubes."""
        return float(self.distance["groups"]["all"]["mean"])

    def same_phase1(self, other: "Measured") -> bool:
        """Whether both adapted the same phase 1."""
        return bool(np.isclose(self.phase1, other.phase1, rtol=1e-5, atol=0.0))


def measured_of(run: Run) -> list[Measured]:
    """What a result says of its adapter and of the network without it; a ConfigError where it says nothing."""
    result, distance = run.result, run.result.get("feature_distance")
    if distance and distance.get("reason"):
        raise ConfigError(f"{run.file}: its feature distance could not be measured: {distance['reason']}")
    if not distance:
        raise ConfigError(
            f"{run.file}: has no feature distance; run `syrfa test` with --evaluation.feature_distance true"
        )
    depth = (result["settings"].get("adapter_args") or {}).get("depth", 1)
    first, adapter = result["evaluations"][0], distance["adapter"]
    name = f"{adapter} depth {depth}" if adapter != "none" and depth > 1 else adapter
    parts = [(name, distance, first["metrics"])]
    if distance["unadapted"]:
        parts.append(("none", distance["unadapted"], first["baselines"].get("unadapted", {})))
    scale = (
        *(result["dataset"], result["split"], result["manifest_sha256"][:8], result["cache_key"]),
        *(distance["features"], distance["tubes"], distance["seed"], str(sorted(distance["style"].items()))),
    )
    phase1 = float((distance["unadapted"] or distance)["groups"]["all"]["mean"])
    return [
        Measured(run.name, scale, int(result["seed"]), adapter, part, phase1, value_of(m)) for adapter, part, m in parts
    ]


def arrange(parts: Sequence[Measured]) -> dict[tuple[Any, ...], list[Measured]]:
    """One panel for each scale; within it by adapter (none, AP, RAP, others) and seed.

    The network without adapters, which runs of one phase 1 share, is there once. A ConfigError where two runs have the
    same adapter and seed.
    """
    panels: dict[tuple[Any, ...], list[Measured]] = defaultdict(list)
    for part in sorted(parts, key=lambda part: part.run):  # the picture does not depend on the order of the runs
        panel = panels[part.scale]
        alike = [other for other in panel if other.adapter == part.adapter]
        if part.adapter == "none" and any(map(part.same_phase1, alike)):
            continue
        if part.adapter != "none" and (twice := [other for other in alike if other.seed == part.seed]):
            raise ConfigError(
                f"{twice[0].run} and {part.run}: both are adapter {part.adapter}, seed {part.seed}, on "
                f"{part.scale[0]}; give one of them"
            )
        panel.append(part)
    return {
        scale: sorted(panel, key=lambda part: (*_order(part.adapter), part.seed, part.run))
        for scale, panel in sorted(panels.items(), key=lambda item: tuple(map(str, item[0])))
    }


def differences(parts: Sequence[Measured]) -> list[dict[str, Any]]:
    """Mean distance of one adapter less that of another, for every pair of them that runs of one seed have.

    An entry has `of`, `less`, `seeds` (each `seed` and what `paired_difference` gives), `mean` and, of several seeds,
    `std` (divided by n - 1).
    """
    found = []
    for less, of in combinations(sorted({part.adapter for part in parts}, key=_order), 2):
        seeds = []
        for ours in (part for part in parts if part.adapter == of):
            theirs = [part for part in parts if part.adapter == less and part.seed == ours.seed]
            # of several networks without adapters the one that was adapted
            theirs = [part for part in theirs if part.same_phase1(ours)] or theirs
            if theirs:
                seeds.append({"seed": ours.seed, **paired_difference(ours, theirs[0])})
        if seeds:
            values = np.array([seed["value"] for seed in seeds])
            std = float(values.std(ddof=1)) if len(values) > 1 else None
            found.append({"of": of, "less": less, "seeds": seeds, "mean": float(values.mean()), "std": std})
    return found


def paired_difference(ours: Measured, theirs: Measured) -> dict[str, Any]:
    """The difference of two mean distances over the same tubes, and its 95 % interval over videos, null where one.

    The interval is a percentile bootstrap, both drawn alike; without `same_phase1` more than the adapter differs.
    """
    videos = ours.distance["by_video"]
    tubes, mine = (np.array([video[key] for video in videos], np.float64) for key in ("tubes", "mean"))
    other = np.array([video["mean"] for video in theirs.distance["by_video"]], np.float64)
    low = high = None
    if len(tubes) > 1:
        share = np.full(len(tubes), 1 / len(tubes))
        counts = np.random.default_rng(0).multinomial(len(tubes), share, size=RESAMPLES).astype(np.float64)
        drawn = (counts @ (tubes * (mine - other))) / (counts @ tubes)
        low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    value, same = ours.mean - theirs.mean, ours.same_phase1(theirs)
    return {"value": value, "ci_low": low, "ci_high": high, "videos": len(tubes), "same_phase1": same}


def plot_fig4(out: Path, runs: Sequence[Run]) -> list[Path]:
    """Writes the figure (`out`, a .png), its PDF and its numbers; a ConfigError where runs cannot be compared."""
    panels = arrange([part for run in runs for part in measured_of(run)])
    pairs = {scale: differences(parts) for scale, parts in panels.items()}
    lines = {scale: [_BOXES, *map(_describe, parts), *map(_sentence, pairs[scale])] for scale, parts in panels.items()}
    heights = [_PANEL_HEIGHT + _LINE_HEIGHT * len(text) for text in lines.values()]
    figure = Figure(figsize=(8.0, sum(heights) + 0.4), layout="constrained")
    rows = figure.subplots(len(panels), 2, squeeze=False, width_ratios=(3.2, 1))
    kinds = sorted({_kind(part.adapter) for parts in panels.values() for part in parts}, key=_order)
    others = [kind for kind in kinds if kind not in _COLOURS]
    colours = _COLOURS | dict(zip(others, cycle(_OTHERS)))
    for (left, right), (scale, parts) in zip(rows, panels.items(), strict=True):
        shades = [colours[_kind(part.adapter)] for part in parts]
        _draw(left, shades, [[part.distance["groups"][name] for name in _CLUSTERS] for part in parts])
        left.set_xticks(range(len(_CLUSTERS)), list(_CLUSTERS.values()), fontsize=9)
        left.set_ylabel("||O - O'||", fontsize=9)
        title = "{dataset} {split}: L2 distance of {features} features, {tubes:,} tubes (draw {draw})"
        left.set_title(title.format(**dict(zip(_SCALE, scale, strict=True))), fontsize=9.5, loc="left")
        left.set_xlabel("\n".join(lines[scale]), fontsize=7.5, loc="left")
        _draw(right, shades, [[part.distance["between"]] for part in parts])
        right.set_xticks([0], ["O of two\ndifferent tubes"], fontsize=9)
        right.set_title("for scale", fontsize=9.5, loc="left")
    handles = [Patch(facecolor=colours[kind], alpha=0.75, label=_NAMES.get(kind, kind)) for kind in kinds]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, fontsize=8.5, frameon=False)
    record = {
        "panels": [
            {
                **dict(zip(_SCALE, scale, strict=True)),
                "measured": [
                    {
                        **{"run": part.run, "seed": part.seed, "adapter": part.adapter, "micro_auroc": part.auroc},
                        **{"groups": part.distance["groups"], "between": part.distance["between"]},
                    }
                    for part in parts
                ],
                "differences": pairs[scale],
                "text": lines[scale],
            }
            for scale, parts in panels.items()
        ],
        "runs": [run.provenance() for run in runs],
    }
    return save_figure(figure, out, "fig4", record)


def _order(adapter: str) -> tuple[int, str]:
    """None, AP, RAP, then adapters of one's own by name."""
    return [*_NAMES, _kind(adapter)].index(_kind(adapter)), adapter


def _kind(adapter: str) -> str:
    """Its name without its depth."""
    return adapter.split()[0]


def _draw(axes: Axes, colours: Sequence[str], rows: Sequence[Sequence[dict[str, Any]]]) -> None:
    """A box for each adapter in each cluster; `rows` holds one sequence of groups for each adapter."""
    step = 0.8 / len(rows)
    for place, (colour, groups) in enumerate(zip(colours, rows, strict=True)):
        drawn = {k - 0.4 + step * (place + 0.5): group for k, group in enumerate(groups) if group["tubes"]}
        keys = ("whislo", "q1", "med", "q3", "whishi")
        boxes = axes.bxp(
            [{**dict(zip(keys, group["quantiles"], strict=True)), "mean": group["mean"]} for group in drawn.values()],
            positions=list(drawn),
            widths=min(0.8 * step, 0.3),
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
            showmeans=True,
            medianprops={"color": "black", "linewidth": 1.0},
            meanprops={"marker": "D", "markerfacecolor": "white", "markeredgecolor": "black", "markersize": 3.5},
            whiskerprops={"linewidth": 0.8},
            capprops={"linewidth": 0.8},
        )
        for box in boxes["boxes"]:
            box.set(facecolor=colour, alpha=0.75, linewidth=0.8)
    axes.set_xlim(-0.5, len(rows[0]) - 0.5)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _describe(part: Measured) -> str:
    share = part.mean / part.distance["between"]["mean"]
    return (
        f"{part.adapter}, seed {part.seed}: mean {part.mean:#.3g}, {share:.3f} of the distance of two different tubes; "
        f"micro AUROC {percent(part.auroc)} % ({part.run})"
    )


def _sentence(difference: dict[str, Any]) -> str:
    seeds, names = difference["seeds"], f"{difference['of']} less {difference['less']}"
    note = "" if all(seed["same_phase1"] for seed in seeds) else "; not of one phase 1: more than the adapter differs"
    if len(seeds) > 1:
        return f"{names}: {difference['mean']:+#.3g} ± {difference['std']:#.2g} (n = {len(seeds)} seeds){note}"
    (only,) = seeds
    interval = "no interval: one video"
    if only["ci_low"] is not None:
        interval = f"95 % interval over {only['videos']} videos {only['ci_low']:+#.3g} to {only['ci_high']:+#.3g}"
    return f"{names}: {only['value']:+#.3g} (n = 1 seed; {interval}){note}"
