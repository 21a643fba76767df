"""The two probes: a logistic regression on statistics, and a small copy of the project's own extractor on tubes."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional as F

from syrfa.models import Classifier, Extractor
from syrfa.utils.process import one_thread

_RIDGE = 1.0
_CLIP = 4.0
SIZE = 32
_WIDTH = 4
_BATCH = 16
_RATE = 2e-3
_SCORED = 128


def logistic_scores(
    inputs: NDArray[np.float64], labels: NDArray[np.int64], wanted: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """Log odds of label 1, (m,), by a regression on the statistics and their squares.

    The squares let it see that one set varies more than the other about the same mean.

    Args:
        inputs: (n, k), to learn from.
        labels: (n,), 0 or 1; both weigh the same however many there are of each.
        wanted: (m, k), to score.
        seed: not used; nothing is drawn.
    """
    del seed
    centre, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    deviation[deviation < 1e-9] = 1.0

    def expand(x: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled = np.clip((x - centre) / deviation, -_CLIP, _CLIP)
        return np.hstack([scaled, scaled**2])

    weight = len(labels) / (2 * np.bincount(labels, minlength=2)[labels])
    slope, intercept = fit_logistic(expand(inputs), labels, weight, _RIDGE)
    return np.asarray(expand(wanted) @ slope + intercept)


def fit_logistic(
    x: NDArray[np.float64], labels: NDArray[np.int64], weight: NDArray[np.float64], ridge: float
) -> tuple[NDArray[np.float64], float]:
    """Slopes (k,) and intercept that minimise sum_i weight_i loss_i + ridge / 2 |slopes|^2.

    Args:
        x: (n, k).
        labels: (n,), 0 or 1.
        weight: (n,), of each sample.
        ridge: the intercept is left out of it.
    """
    design = np.hstack([x, np.ones((len(x), 1))])
    sign = 2.0 * labels - 1
    shrunk = np.append(np.full(x.shape[1], ridge), 0.0)

    def objective(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (design @ beta)
        value = (weight * np.logaddexp(0, -margin)).sum() + (shrunk * beta**2).sum() / 2
        wrong = np.exp(-np.logaddexp(0, margin))  # 1 / (1 + e^margin) without overflow
        return float(value), shrunk * beta - design.T @ (weight * sign * wrong)

    found = minimize(
        objective, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-12}
    )
    return found.x[:-1], float(found.x[-1])


def network_inputs(tubes: NDArray[np.uint8], channels: int) -> NDArray[np.float32]:
    """Tubes as the probe takes them: (n, channels, T, 32, 32), each tube to mean 0 and deviation 1.

    Brightness and contrast are gone, as they are behind the extractor's first InstanceNorm.

    Args:
        tubes: uint8 (n, T, S, S, C).
        channels: C, or 3 where C = 1.
    """
    parts = []
    for first in range(0, len(tubes), _SCORED):
        x = torch.from_numpy(tubes[first : first + _SCORED]).permute(0, 4, 1, 2, 3).float() / 255
        x = F.interpolate(x, size=(x.shape[2], SIZE, SIZE), mode="area")
        deviation, mean = torch.std_mean(x, dim=(1, 2, 3, 4), keepdim=True)
        parts.append(((x - mean) / deviation.clamp_min(1 / 255)).expand(-1, channels, -1, -1, -1).numpy())
    return np.concatenate(parts)


class NetworkScorer:
    """Trains an extractor of width 4 and a linear classifier, then scores.

    The same seed gives the same scores, whatever the number of threads: one is used.

    Args:
        steps: of Adam, with 8 tubes of each label a batch, half of them mirrored.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(
        self, inputs: NDArray[np.float32], labels: NDArray[np.int64], wanted: NDArray[np.float32], seed: int
    ) -> NDArray[np.float64]:
        """Log odds of label 1, (m,), of `wanted` (m, C, T, 32, 32), learnt from `inputs` (n, C, T, 32, 32)."""
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            extractor = Extractor(_WIDTH, inputs.shape[2], SIZE)
            classifier = Classifier(extractor.features)
            self._fit(extractor, classifier, inputs, labels, np.random.default_rng(seed))
            extractor.eval()
            with torch.no_grad():
                parts = [
                    classifier(extractor(_rgb(torch.from_numpy(wanted[first : first + _SCORED]))))
                    for first in range(0, len(wanted), _SCORED)
                ]
            logits = torch.cat(parts).double()
        return np.asarray((logits[:, 1] - logits[:, 0]).numpy())

    def _fit(
        self,
        extractor: Extractor,
        classifier: Classifier,
        inputs: NDArray[np.float32],
        labels: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        optimiser = torch.optim.Adam([*extractor.parameters(), *classifier.parameters()], lr=_RATE)
        rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.steps)
        sides = [np.flatnonzero(labels == label) for label in (0, 1)]
        target = torch.arange(2).repeat_interleave(_BATCH // 2)
        for _ in range(self.steps):
            rows = np.concatenate([rng.choice(side, _BATCH // 2) for side in sides])
            x = torch.from_numpy(inputs[rows])
            mirrored = torch.from_numpy(rng.random(_BATCH) < 0.5)
            x[mirrored] = x[mirrored].flip(-1)
            loss = F.cross_entropy(classifier(extractor(_rgb(x))), target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
            optimiser.step()
            rate.step()


def _rgb(x: Tensor) -> Tensor:
    return x.expand(-1, 3, -1, -1, -1)
