"""The paper's Fig. 4: how far restyling moves the features, through RAP, through AP, and through no adapter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from syrfa.reporting.distance_panels import ORDER, Measured, arrange, differences, kind, measured_of, quantiles_of
from syrfa.reporting.figure_files import provenance_of, save_figure
from syrfa.utils.text_table import percent

_PANEL_HEIGHT, _LINE_HEIGHT = 2.9, 0.13  # inches, of the boxes with their labels and of a line below
_COLOURS = {"none": "#8c8c8c", "ap": "#d62728", "rap": "#1f4e9c"}  # red and blue are the paper's
_CLUSTERS = {"all": "all tubes", "normal": "tubes of normal\nframes", "abnormal": "tubes of abnormal\nframes"}


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
    lines = {scale: [*_readings(parts), *map(_sentence, differences(parts))] for scale, parts in panels.items()}
    heights = [_PANEL_HEIGHT + _LINE_HEIGHT * len(text) for text in lines.values()]
    figure = Figure(figsize=(8.0, sum(heights) + 0.4), layout="constrained")
    rows = figure.subplots(len(panels), 2, squeeze=False, width_ratios=(3.2, 1))
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
            box.set(facecolor=_COLOURS[kind(adapter)], alpha=0.75, linewidth=0.8)
    axes.set_xlim(-0.5, len(rows[0]) - 0.5)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _box(group: dict[str, Any]) -> dict[str, Any]:
    low, first, median, third, high = quantiles_of(group)
    return {"whislo": low, "q1": first, "med": median, "q3": third, "whishi": high, "mean": group["mean"]}


def _legend(figure: Figure, parts: Sequence[Measured]) -> None:
    kinds = sorted({kind(part.adapter) for part in parts}, key=ORDER.index)
    names = {"none": "no adapter", "ap": "AP", "rap": "RAP"}
    handles = [Patch(facecolor=_COLOURS[kind], alpha=0.75, label=names[kind]) for kind in kinds]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, fontsize=8.5, frameon=False)


def _readings(parts: Sequence[Measured]) -> list[str]:
    lines = [
        "Boxes: quartiles; whiskers: 5 and 95 % quantiles; diamonds: means; one box for each run, seeds ascending."
    ]
    for part in parts:
        lines.append(
            f"{part.adapter}, seed {part.seed}: mean {part.mean:#.3g}, {part.mean / part.between['mean']:.3f} of the "
            f"distance of two different tubes; micro AUROC {percent(part.auroc)} % ({part.run})"
        )
    return lines


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
