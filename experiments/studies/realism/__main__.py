"""Measures how far generated normal tubes are from real ones, on the train splits of source and target alone."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jsonargparse import auto_cli

from experiments.studies.realism.features import feature_report
from experiments.studies.realism.probe import Inputs, Scorer, probe_domains, probe_halves
from experiments.studies.realism.sample import TubeSample, draw_samples, world_of
from experiments.studies.realism.scorers import NetworkScorer, logistic_scores, network_inputs
from experiments.studies.realism.statistics import compare, probe_matrix, sample_statistics
from syrfa.training.provenance import environment
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.files import write_json

STATISTICS_SPLITS = 5  # the regression costs nothing, and the mean over splits is steadier
NETWORK_SPLITS = 1
KINDS = ("real_generated", "real_real", "generated_generated")

Report = dict[str, Any]


def realism(
    data: TubeDataModule,
    samples: int = 1000,
    folds: int = 5,
    steps: int = 150,
    seed: int = 0,
    match_height: bool = False,
    knowledge_ckpt: Path | None = None,
    adapt_ckpt: Path | None = None,
    out: Path = Path("runs/realism.json"),
) -> None:
    """Measures how far generated normal tubes are from real ones, on the train splits of source and target alone.

    Args:
        data: the `data` part of a config, with source and target.
        samples: tubes of each.
        folds: of the grouped cross-validation; no video is learnt from and tested on in one fold.
        steps: that the small network is trained in each fold.
        seed: of every draw.
        match_height: draw generated tubes whose boxes are as high, in pixels, as the real ones, so that people who are
            near or far are not what is measured.
        knowledge_ckpt: a phase-1 checkpoint, for the distances of its features.
        adapt_ckpt: a phase-2 checkpoint, for those before and after adaptation.
        out: the JSON file to write.
    """
    start = time.perf_counter()
    world = world_of(data)
    real, generated = draw_samples(data, samples, seed, match_height)
    features = feature_report(real, generated, knowledge_ckpt, adapt_ckpt, seed)
    statistics = measure_statistics(real, generated, folds, seed)
    network = measure_network(real, generated, folds, steps, seed)
    report = {
        "schema": 1,
        "kind": "realism",
        "world": world,
        "real": real.origin,
        "generated": generated.origin,
        "seed": seed,
        "match_height": match_height,
        "folds": folds,
        "steps": steps,
        "probes": rounded({"statistics": statistics["probe"], "network": network}),
        "statistics": rounded(statistics["rows"]),
        "features": rounded(features),
        "environment": environment(),
    }
    write_json(out, report)
    print(as_text(report))
    print(f"\n{out}: written, measured in {time.perf_counter() - start:.0f} s")


def measure_statistics(real: TubeSample, generated: TubeSample, folds: int, seed: int) -> Report:
    """The rows of `compare`, and the probe on the statistics."""
    theirs, ours = sample_statistics(real), sample_statistics(generated)
    inputs = (probe_matrix(theirs), probe_matrix(ours))
    probe = _probes(inputs, real, generated, logistic_scores, folds, STATISTICS_SPLITS, seed)
    return {"rows": compare(theirs, ours), "probe": probe}


def measure_network(real: TubeSample, generated: TubeSample, folds: int, steps: int, seed: int) -> Report:
    """The probe by a small network."""
    channels = max(sample.tubes.shape[-1] for sample in (real, generated))
    inputs = (network_inputs(real.tubes, channels), network_inputs(generated.tubes, channels))
    return _probes(inputs, real, generated, NetworkScorer(steps), folds, NETWORK_SPLITS, seed)


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
    found = (
        probe_domains(theirs, real.video, ours, generated.video, scorer, folds, splits, seed),
        probe_halves(theirs, real.video, scorer, folds, splits, seed),
        probe_halves(ours, generated.video, scorer, folds, splits, seed),
    )
    return {kind: asdict(result) for kind, result in zip(KINDS, found, strict=True)}


def rounded(part: Any) -> Any:
    """The same JSON with every float to five digits: the last ones depend on the number of threads."""
    if isinstance(part, dict):
        return {key: rounded(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [rounded(value) for value in part]
    return float(f"{part:.5g}") if isinstance(part, float) else part


def as_text(report: Report) -> str:
    """The report as lines for a terminal."""
    lines = [f"{'statistic':<20}{'real':>10}{'generated':>12}{'difference':>12}{'covered %':>11}"]
    lines += [
        f"{row['statistic']:<20}{row['real']:>10.3g}{row['generated']:>12.3g}{row['difference']:>+12.2f}"
        f"{100 * row['covered']:>11.0f}"
        for row in report["statistics"]
    ]
    lines += ["", "probes, AUROC in % (50: cannot tell)"]
    for name, found in report["probes"].items():
        for kind in KINDS:
            probe = found[kind]
            interval = "[{:.1f}, {:.1f}]".format(*(100 * probe[end] for end in ("low", "high"))) if probe["low"] else ""
            value = probe["reason"] if probe["auroc"] is None else f"{100 * probe['auroc']:.1f} {interval}"
            lines.append(f"  {name:<11}{kind.replace('_', ' / '):<24}{value}")
    for when in ("before", "after"):
        part = report["features"][when]
        text = part["reason"] if part["value"] is None else ", ".join(f"{k} {v:.3g}" for k, v in part["value"].items())
        lines.append(f"features {when} adaptation: {text}")
    return "\n".join(lines)


if __name__ == "__main__":
    auto_cli(realism, as_positional=False, parser_mode="omegaconf")
