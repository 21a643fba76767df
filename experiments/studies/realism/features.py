"""Distances of the extractor's features before and after adaptation."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.studies.realism.distances import distances
from experiments.studies.realism.sample import TubeSample
from syrfa.errors import CheckpointError
from syrfa.modules import AnomalyModule, RealAdaptModule, SynthKnowledgeModule
from syrfa.modules.checkpoint import load_module
from syrfa.utils.files import sha256_file
from syrfa.utils.process import one_thread

_BATCH = 64


def feature_report(
    real: TubeSample, generated: TubeSample, knowledge: Path | None, adapted: Path | None, seed: int
) -> dict[str, Any]:
    """`before` (no adapters) and `after` (with them): distances of real and generated features, and their references.

    Where a checkpoint is missing its part is None with a reason. The references are between two halves of the videos
    of one domain, so they hold half as many tubes, which raises the Frechet distance of equal distributions.

    Args:
        real: tubes of the target.
        generated: tubes of the source.
        knowledge: a phase-1 checkpoint.
        adapted: a phase-2 checkpoint; holds phase 1's weights too.
        seed: of the halves.

    Raises:
        WeightsNotFoundError: a checkpoint is not there.
        CheckpointError: one is of another kind, or phase 2 did not start from this phase 1.
    """
    first = None if knowledge is None else load(knowledge, SynthKnowledgeModule)
    second = None if adapted is None else load(adapted, RealAdaptModule)
    if first is not None and second is not None and not _same_extractor(first, second):
        raise CheckpointError(f"{adapted}: was not adapted from {knowledge}; give the two checkpoints of one run")
    plain = first or second
    report: dict[str, Any] = {
        "checkpoints": {
            "knowledge": None if knowledge is None else sha256_file(knowledge),
            "adapted": None if adapted is None else sha256_file(adapted),
        },
        "before": {"value": None, "reason": "no checkpoint: give --knowledge_ckpt or --adapt_ckpt"},
        "after": {"value": None, "reason": "no adapted checkpoint: give --adapt_ckpt"},
    }
    if plain is not None:
        report["before"] = _compared(plain, False, real, generated, seed)
    if second is not None:
        report["after"] = _compared(second, True, real, generated, seed)
    return report


def load(path: Path, kind: type[AnomalyModule]) -> AnomalyModule:
    """The module in a checkpoint, ready to score.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it holds another module, or weights that do not fit its settings.
    """
    module = load_module(path)
    if type(module) is not kind:
        raise CheckpointError(f"{path} holds a {type(module).__name__}; a {kind.__name__} is needed here")
    return module


def pooled_features(module: AnomalyModule, tubes: NDArray[np.uint8], adapted: bool) -> NDArray[np.float64]:
    """The extractor's O averaged over its cells, (n, 2 width), of uint8 tubes (n, T, S, S, C)."""
    channels = 2 * module.extractor.width
    parts = []
    with torch.no_grad(), one_thread():
        for first in range(0, len(tubes), _BATCH):
            x = module.to_input(torch.from_numpy(tubes[first : first + _BATCH]))
            features = module.network.clean(x, adapted=adapted)
            parts.append(features.view(len(x), channels, -1).mean(dim=2).double().numpy())
    return np.concatenate(parts)


def _compared(
    module: AnomalyModule, adapted: bool, real: TubeSample, generated: TubeSample, seed: int
) -> dict[str, Any]:
    theirs, ours = (pooled_features(module, sample.tubes, adapted) for sample in (real, generated))
    return {
        "value": distances(theirs, ours),
        "real_halves": _halves(theirs, real.video, seed),
        "generated_halves": _halves(ours, generated.video, seed),
        "features": theirs.shape[1],
    }


def _halves(features: NDArray[np.float64], video: NDArray[np.int64], seed: int) -> dict[str, float] | None:
    names = np.random.default_rng([seed, 5]).permutation(np.unique(video))
    first = np.isin(video, names[: len(names) // 2])
    return None if min(first.sum(), (~first).sum()) < 2 else distances(features[first], features[~first])


def _same_extractor(first: AnomalyModule, second: AnomalyModule) -> bool:
    ours, theirs = (module.extractor.state_dict() for module in (first, second))
    return all(ours[name].shape == value.shape and torch.equal(ours[name], value) for name, value in theirs.items())
