"""The paper's Fig. 4: how far restyling moves the features, through RAP, through AP, and through no adapter."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from syrfa.errors import ConfigError
from syrfa.report.figure_files import provenance_of, save_figure
from syrfa.report.table import percent

RESAMPLES = 1000
_COLOURS = {"none": "#8c8c8c", "ap": "#d62728", "rap": "#1f4e9c"}  # red and blue are the paper's
_ORDER = ("none", "ap", "rap")
_CLUSTERS = {"all": "all tubes", "normal": "tubes of normal\nframes", "abnormal": "tubes of abnormal\nframes"}


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


def plot_fig4(out: Path, runs: Sequence[tuple[Path, dict[str, Any]]]) -> list[Path]:
    """Writes the figure, its PDF and its numbers.

    Args:
        out: the .png to write.
        runs: folder and result of each run.

    Returns:
        the files.

    Raises:
        ConfigError: a run was tested without the distance, or two are the same adapter with the same seed.
    """
    panels = arrange([part for run, result in runs for part in measured_of(run, result)])
    figure = Figure(figsize=(8.0, 3.6 * len(panels) + 0.4), layout="constrained")
    rows = figure.subplots(len(panels), 2, squeeze=False, width_ratios=(3.2, 1))
    lines = {scale: [*_readings(parts), *map(_sentence, differences(parts))] for scale, parts in panels.items()}
    for (left, right), (scale, parts) in zip(rows, panels.items(), strict=True):
        _draw(left, [part.adapter for part in parts], [[part.groups[name] for name in _CLUSTERS] for part in parts])
        left.set_xticks(range(len(_CLUSTERS)), list(_CLUSTERS.values()), fontsize=9)
        left.set_ylabel("||O - O'||", fontsize=9)
        left.set_title(_title(scale), fontsize=9.5, loc="left")
        left.set_xlabel("\n".join(lines[scale]), fontsize=7.5, loc="left")
        _draw(right, [part.adapter for part in parts], [[part.between] for part in parts])
        right.set_xticks([0], ["O of two\ndifferent tubes"], fontsize=9)
        right.set_title("for scale", fontsize=9.5, loc="left")
    _legend(figure, [part for parts in panels.values() for part in parts])
    record = {
        "panels": [_numbers(scale, parts, lines[scale]) for scale, parts in panels.items()],
        "runs": [provenance_of(result, run) for run, result in runs],
    }
    return save_figure(figure, out, "fig4", record)


def measured_of(run: Path, result: dict[str, Any]) -> list[Measured]:
    """What a result says of the adapter it was scored through and, where there is one, of the network without it.

    Raises:
        ConfigError: it says nothing.
    """
    distance = result.get("feature_distance")
    if not distance:
        raise ConfigError(f"{run}: has no feature distance; run `syrfa test` with --evaluation.feature_distance true")
    depth = result["settings"].get("adapter_depth") or 1
    adapter = distance["adapter"]
    if adapter == "ap" and depth > 1:
        adapter = f"ap depth {depth}"
    plain = distance["unadapted"] or distance
    reading = result["readings"][0]
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
        scale: sorted(panel.values(), key=lambda p: (_ORDER.index(_kind(p.adapter)), p.adapter, p.seed, p.run))
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
    names = sorted({part.adapter for part in parts}, key=lambda name: (_ORDER.index(_kind(name)), name))
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


def _kind(adapter: str) -> str:
    """Its name without its depth."""
    return adapter.split()[0]


def _same_phase1(one: Measured, other: Measured) -> bool:
    return bool(np.isclose(one.phase1, other.phase1, rtol=1e-5, atol=0.0))


def _title(scale: tuple[Any, ...]) -> str:
    dataset, split, _, _, features, tubes, draw, _ = scale
    return f"{dataset} {split}: L2 distance of {features} features, {tubes:,} tubes (draw {draw})"


def _draw(axes: Axes, adapters: Sequence[str], rows: Sequence[Sequence[dict[str, Any]]]) -> None:
    """A box for each adapter in each cluster; `rows` holds one sequence of groups for each adapter."""
    step = 0.8 / len(rows)
    for place, (adapter, groups) in enumerate(zip(adapters, rows, strict=True)):
        centres = (cluster - 0.4 + step * (place + 0.5) for cluster in range(len(groups)))
        drawn = [(centre, group) for centre, group in zip(centres, groups, strict=True) if group["tubes"]]
        boxes = axes.bxp(
            [_box(group) for _, group in drawn],
            positions=[centre for centre, _ in drawn],
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
            box.set(facecolor=_COLOURS[_kind(adapter)], alpha=0.75, linewidth=0.8)
    axes.set_xlim(-0.5, len(rows[0]) - 0.5)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _box(group: dict[str, Any]) -> dict[str, Any]:
    low, first, median, third, high = group["quartiles"]
    return {"whislo": low, "q1": first, "med": median, "q3": third, "whishi": high, "mean": group["mean"]}


def _legend(figure: Figure, parts: Sequence[Measured]) -> None:
    kinds = sorted({_kind(part.adapter) for part in parts}, key=_ORDER.index)
    names = {"none": "no adapter", "ap": "AP", "rap": "RAP"}
    handles = [Patch(facecolor=_COLOURS[kind], alpha=0.75, label=names[kind]) for kind in kinds]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, fontsize=8.5, frameon=False)


def _readings(parts: Sequence[Measured]) -> list[str]:
    lines = [
        "Boxes: quartiles; whiskers: 5 and 95 % quantiles; diamonds: means; one box for each run, seeds ascending."
    ]
    for part in parts:
        lines.append(
            f"{part.adapter}, seed {part.seed}: mean {part.mean:.3g}, {part.mean / part.between['mean']:.2f} of the "
            f"distance of two different tubes; micro AUROC {percent(part.auroc)} % ({part.run})"
        )
    return lines


def _sentence(difference: dict[str, Any]) -> str:
    seeds, names = difference["seeds"], f"{difference['of']} less {difference['less']}"
    note = "" if all(seed["same_phase1"] for seed in seeds) else "; not of one phase 1: more than the adapter differs"
    if len(seeds) > 1:
        return f"{names}: {difference['mean']:+.3g} ± {difference['std']:.2g} (n = {len(seeds)} seeds){note}"
    (only,) = seeds
    interval = "no interval: one video"
    if only["ci_low"] is not None:
        interval = f"95 % interval over {only['videos']} videos {only['ci_low']:+.3g} to {only['ci_high']:+.3g}"
    return f"{names}: {only['value']:+.3g} (n = 1 seed; {interval}){note}"


def _numbers(scale: tuple[Any, ...], parts: Sequence[Measured], lines: Sequence[str]) -> dict[str, Any]:
    dataset, split, _, _, features, tubes, draw, _ = scale
    return {
        "dataset": dataset,
        "split": split,
        "features": features,
        "tubes": tubes,
        "draw": draw,
        "measured": [
            {
                "run": part.run,
                "seed": part.seed,
                "adapter": part.adapter,
                "groups": part.groups,
                "between": part.between,
                "micro_auroc": part.auroc,
            }
            for part in parts
        ],
        "differences": differences(parts),
        "text": list(lines),
    }
