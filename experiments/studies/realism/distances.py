"""How far two sets of feature vectors are from each other."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

Features = NDArray[np.float64]


def distances(a: Features, b: Features) -> dict[str, float]:
    """All distances of two sets (n, d) and (m, d).

    Every feature is first divided by its pooled deviation within the sets, so that networks whose features have other
    scales can be compared.
    """
    deviation = np.sqrt((a.var(axis=0) + b.var(axis=0)) / 2)
    deviation[deviation < 1e-12] = 1.0
    a, b = a / deviation, b / deviation
    return {"mean_shift": mean_shift(a, b), "frechet": frechet_distance(a, b), "mmd": squared_mmd(a, b)}


def mean_shift(a: Features, b: Features) -> float:
    """Distance of the means over the pooled deviation, the root of the mean total variance of the two sets."""
    spread = (a.var(axis=0).sum() + b.var(axis=0).sum()) / 2
    return float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) / np.sqrt(max(spread, 1e-24)))


def frechet_distance(a: Features, b: Features) -> float:
    """|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a^1/2 S_b S_a^1/2)^1/2) of two Gaussians with shrunk covariances; at least 0.

    The root is taken of a symmetric matrix by its eigenvalues: that of S_a S_b, as often written, may turn complex.
    """
    first, second = shrunk_covariance(a), shrunk_covariance(b)
    root = _root(first)
    inner = np.linalg.eigvalsh(root @ second @ root)
    trace = np.trace(first) + np.trace(second) - 2 * np.sqrt(np.clip(inner, 0, None)).sum()
    return float(max(0.0, ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + trace))


def shrunk_covariance(x: Features) -> Features:
    """Covariance (d, d) of x (n, d), drawn towards a multiple of the identity (Ledoit and Wolf, 2004).

    The share of the identity is the one that minimises the expected squared error; it needs no n > d.
    """
    samples, size = x.shape
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / samples
    level = np.trace(covariance) / size
    spread = (covariance**2).sum() - size * level**2  # squared distance from level times the identity
    noise = ((centred**2).sum(axis=1) ** 2).sum() / samples**2 - (covariance**2).sum() / samples
    share = min(max(noise, 0.0) / spread, 1.0) if spread > 0 else 0.0
    return np.asarray((1 - share) * covariance + share * level * np.eye(size))


def squared_mmd(a: Features, b: Features) -> float:
    """Unbiased squared maximum mean discrepancy, RBF kernel exp(-d^2 / 2 h^2), h the median distance of all pairs.

    About 0 for one distribution, below 0 as often as above; at most 2.
    """
    width = float(np.median(pdist(np.concatenate([a, b]))))
    scale = 1 / (2 * width**2) if width > 0 else 0.0

    def kernel(x: Features, y: Features) -> Features:
        return np.asarray(np.exp(-scale * cdist(x, y, "sqeuclidean")))

    def within(x: Features) -> float:
        return float((kernel(x, x).sum() - len(x)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(kernel(a, b).mean())


def _root(matrix: Features) -> Features:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
