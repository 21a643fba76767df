"""A logistic regression, small enough to need no further library."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

_RIDGE = 1.0
_CLIP = 4.0


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
