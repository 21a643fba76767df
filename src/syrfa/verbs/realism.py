"""`syrfa realism`: measures how far generated tubes are from real ones."""

import time
from pathlib import Path

from syrfa.errors import ConfigError
from syrfa.realism.features import feature_report
from syrfa.realism.report import SCHEMA, as_text, measure_network, measure_statistics, rounded
from syrfa.realism.sample import draw_samples, world_of
from syrfa.training.provenance import environment
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.files import write_json


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
        samples: tubes of each, at least 20.
        folds: of the grouped cross-validation; no video is learnt from and tested on in one fold.
        steps: that the small network is trained in each fold.
        seed: of every draw.
        match_height: draw generated tubes whose boxes are as high, in pixels, as the real ones, so that people who are
            near or far are not what is measured.
        knowledge_ckpt: a phase-1 checkpoint, for the distances of its features.
        adapt_ckpt: a phase-2 checkpoint, for those before and after adaptation.
        out: the JSON file to write.

    Raises:
        UserError: data, an existing cache or a checkpoint is not usable; the message says which.
    """
    for name, value, least in (("samples", samples, 20), ("folds", folds, 2), ("steps", steps, 1), ("seed", seed, 0)):
        if value < least:
            raise ConfigError(f"{name} {value}: must be at least {least}")
    world = world_of(data)
    real, generated = draw_samples(data, samples, seed, match_height)
    start = time.perf_counter()
    features = feature_report(real, generated, knowledge_ckpt, adapt_ckpt, seed)
    statistics = measure_statistics(real, generated, folds, seed)
    network = measure_network(real, generated, folds, steps, seed)
    report = {
        "schema": SCHEMA,
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
