"""The feature distance of the paper's Fig. 4: how far restyling moves what the network sees in a tube."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from lightning import LightningModule, Trainer
from numpy.typing import NDArray
from tqdm import tqdm

from syrfa.errors import ConfigError
from syrfa.evaluation.collector import data_of
from syrfa.models import TwoStreamExtractor
from syrfa.models.streams import StyleRing
from syrfa.modules import AnomalyModule
from syrfa.tubes.source import EvaluatedSplit
from syrfa.utils.process import of_every_process

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Distances = NDArray[np.float64]


def check_feature_distance(module: LightningModule, tubes: int) -> None:
    """ConfigError for a module without the two streams, or too few tubes to restyle them."""
    network = getattr(module, "network", None)
    if not isinstance(network, TwoStreamExtractor):
        raise ConfigError(
            f"evaluation.feature_distance: a {type(module).__name__} has no restyled stream to compare with; set "
            "it to false, or test a SynthKnowledgeModule or RealAdaptModule"
        )
    blocks = len(network.style.blocks)
    if 0 < tubes <= blocks:
        raise ConfigError(
            f"evaluation.feature_distance_tubes={tubes}: they are too few to restyle one another at {blocks} "
            f"blocks; give more than {blocks}, or 0 for all"
        )


def feature_distance(
    trainer: Trainer,
    module: LightningModule,
    split: EvaluatedSplit,
    labels: Sequence[NDArray[np.uint8]],
    tubes: int,
    seed: int,
) -> dict[str, Any]:
    """Measures ||O - O'||_2 of the tested tubes, clean against restyled stream. Every process must call this.

    `tubes` are drawn from the split with `seed`, 0 takes all. JSON: `groups` (all tubes, those of normal and abnormal
    frames), `between` (O of two different tubes), `by_video`, and `unadapted`, the same without adapters. Null with a
    reason where the split has too few tubes.
    """
    assert isinstance(module, AnomalyModule)
    generator = np.random.default_rng([seed, 4])
    rows = split.rows
    if 0 < tubes < len(rows):
        rows = np.sort(generator.choice(rows, tubes, replace=False))
    style = module.network.style
    try:
        ring = StyleRing.draw(style, len(rows), generator)
    except ValueError as error:  # the scores are made: this must not cost the whole result
        return {"value": None, "reason": f"evaluation.feature_distance: {split.dataset} {split.split}: {error}"}
    video, frame = split.cache.index.video[rows], split.cache.index.frame[rows]
    abnormal = np.array([bool(labels[v][f]) for v, f in zip(video, frame, strict=True)])
    names = [info.name for info in split.cache.video_infos]
    measured = _distances(trainer, module, split, rows, ring)
    summaries = [summary(apart, between, abnormal, video, names) for apart, between in measured]
    return {
        "what": "L2 distance of O and O', the features of a tube and of the same tube restyled; eval mode",
        "features": module.extractor.features,
        "adapter": str(module.adapter_report()["name"]) if module.scores_through_adapters else "none",
        "tubes": len(rows),
        "tubes_of_split": len(split.rows),
        "seed": seed,
        "style": {
            "blocks": list(style.blocks),
            "mix": style.mix,
            "dims": list(style.dims),
            "one_of": style.one_of,
            "alpha": style.alpha,
            "donors": "another of the measured tubes at each block, never the tube itself",
        },
        **summaries[0],
        "unadapted": summaries[1] if len(summaries) > 1 else None,
    }


def _distances(
    trainer: Trainer, module: AnomalyModule, split: EvaluatedSplit, rows: NDArray[np.int64], ring: StyleRing
) -> list[tuple[Distances, Distances]]:
    """||O - O'|| and ||O - O of another tube||, (tubes,), as the module scores and, if that is adapted, without."""
    size, rank, processes = data_of(trainer, "eval_batch_size").eval_batch_size, trainer.global_rank, trainer.world_size
    passes = (True, False) if module.scores_through_adapters else (False,)
    found = np.full((len(passes), 2, ring.size), np.nan)
    mine = range(rank * size, ring.size, processes * size)
    for start in tqdm(mine, desc="feature distance", disable=rank > 0 or not sys.stderr.isatty()):
        stop = min(start + size, ring.size)
        tubes = split.cache.read(rows[ring.order[ring.window(start, stop)]])
        with torch.no_grad():
            x = module.to_input(torch.from_numpy(tubes).to(module.device))
            for number, adapted in enumerate(passes):
                clean, restyled = (part.double() for part in ring.streams(module.network, x, start, stop, adapted))
                own, following = clean[: stop - start], clean[1 : stop - start + 1]
                apart = torch.stack([(own - other).norm(dim=1) for other in (restyled, following)])
                found[number][:, ring.order[start:stop]] = apart.cpu().numpy()
    # each place is a number in one process alone; fmax, for nanmax warns where there is none in any
    found = np.fmax.reduce(of_every_process(found))
    if not np.isfinite(found).all():
        raise RuntimeError("a feature distance is not finite: the weights have diverged")
    return [(apart, between) for apart, between in found]


def summary(
    apart: Distances, between: Distances, abnormal: NDArray[np.bool_], video: NDArray[Any], names: Sequence[str]
) -> dict[str, Any]:
    """JSON of `groups`, `between` and, for the videos that have a tube, `by_video`; every array is (tubes,)."""
    groups = {"all": apart, "normal": apart[~abnormal], "abnormal": apart[abnormal]}
    videos = [(names[number], apart[video == number]) for number in np.unique(video)]
    return {
        "groups": {name: describe(values) for name, values in groups.items()},
        "between": describe(between),
        "by_video": [{"video": name, "tubes": len(of), "mean": float(of.mean())} for name, of in videos],
    }


def describe(values: Distances) -> dict[str, Any]:
    """`tubes`, `mean`, `std` and `quantiles`, the 5, 25, 50, 75 and 95 % quantiles; null where there is no tube."""
    if not len(values):
        return {"tubes": 0, "mean": None, "std": None, "quantiles": None}
    return {
        "tubes": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "quantiles": np.quantile(values, QUANTILES).tolist(),
    }
