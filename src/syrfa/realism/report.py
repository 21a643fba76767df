"""The report of `syrfa realism`: its JSON, and the same as text."""

from dataclasses import asdict
from typing import Any

from syrfa.realism.logistic import logistic_scores
from syrfa.realism.network import NetworkScorer, network_inputs
from syrfa.realism.probe import Inputs, Scorer, probe_domains, probe_halves
from syrfa.realism.sample import TubeSample
from syrfa.realism.statistics import compare, probe_matrix, sample_statistics
from syrfa.utils.text_table import Cell, percent, text_table

SCHEMA = 1
STATISTICS_SPLITS = 5  # the regression costs nothing, and the mean over splits is steadier
NETWORK_SPLITS = 1

Report = dict[str, Any]


def measure_statistics(real: TubeSample, generated: TubeSample, folds: int, seed: int) -> Report:
    """The rows of `compare`, and the probe on the statistics."""
    theirs, ours = sample_statistics(real), sample_statistics(generated)
    inputs = (probe_matrix(theirs), probe_matrix(ours))
    probes = _probes(inputs, real, generated, logistic_scores, folds, STATISTICS_SPLITS, seed)
    return {"rows": compare(theirs, ours), "probe": probes}


def measure_network(real: TubeSample, generated: TubeSample, folds: int, steps: int, seed: int) -> Report:
    """The probe by a small network."""
    channels = max(sample.tubes.shape[-1] for sample in (real, generated))
    inputs = (network_inputs(real.tubes, channels), network_inputs(generated.tubes, channels))
    return _probes(inputs, real, generated, NetworkScorer(steps), folds, NETWORK_SPLITS, seed)


def rounded(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same with every float to five digits: the last ones depend on how many threads a sum was shared among."""
    if isinstance(part, dict):
        return {key: rounded(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [rounded(value) for value in part]
    return float(f"{part:.5g}") if isinstance(part, float) else part


def _probes(
    inputs: tuple[Inputs, Inputs],
    real: TubeSample,
    generated: TubeSample,
    scorer: Scorer,
    folds: int,
    splits: int,
    seed: int,
) -> Report:
    theirs, ours = inputs
    found = {
        "real_generated": probe_domains(theirs, real.video, ours, generated.video, scorer, folds, splits, seed),
        "real_real": probe_halves(theirs, real.video, scorer, folds, splits, seed),
        "generated_generated": probe_halves(ours, generated.video, scorer, folds, splits, seed),
    }
    return {name: asdict(result) for name, result in found.items()}


def as_text(report: Report) -> str:
    """The report as tables for a terminal."""
    world, sides = report["world"], (report["real"], report["generated"])
    known = world["preset"] is not None
    lines = [
        f"world '{world['preset']}', seed {world['seed']}, version {world['version']}" if known else world["reason"]
    ]
    lines += [
        f"{word}: {side['tubes']} of {side['normal_tubes']} normal tubes, {side['videos']} videos of {side['dataset']} "
        f"{side['split']}"
        for word, side in zip(("real", "generated"), sides, strict=True)
    ]
    columns = ("statistic", "real", "generated", "difference", "covered %")
    rows = [
        (row["statistic"], *(_short(row[key]) for key in ("real", "generated")), f"{row['difference']:+.2f}",
         f"{100 * row['covered']:.0f}")
        for row in report["statistics"]
    ]  # fmt: skip
    lines += ["", text_table(rows, columns), "", _probe_table(report["probes"]), "", _feature_table(report["features"])]
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _probe_table(probes: Report) -> str:
    columns = ("probe (AUROC, %)", "real / generated", "real / real", "generated / generated")
    kinds = ("real_generated", "real_real", "generated_generated")
    rows: list[list[Cell]] = []
    for name, found in probes.items():
        cells = [
            "{} [{}, {}]".format(*(percent(found[kind][key]) for key in ("auroc", "low", "high"))) for kind in kinds
        ]
        rows.append([name, *cells])
    return text_table(rows, columns)


def _feature_table(features: Report) -> str:
    columns = ("features", "mean shift", "Frechet", "MMD^2", "of real halves", "of generated halves")
    rows, reasons = [], []
    for when in ("before", "after"):
        part = features[when]
        if part["value"] is None:
            reasons.append(f"features {when} adaptation: {part['reason']}")
            continue
        halves = [_frechet(part[key]) for key in ("real_halves", "generated_halves")]
        value = part["value"]
        numbers = (f"{value['mean_shift']:.3f}", f"{value['frechet']:.2f}", f"{value['mmd']:.4f}")
        rows.append((f"{when} adaptation", *numbers, *halves))
    return "\n".join(([text_table(rows, columns)] if rows else []) + reasons)


def _frechet(part: dict[str, float] | None) -> str:
    return "-" if part is None else f"Frechet {part['frechet']:.2f}"
