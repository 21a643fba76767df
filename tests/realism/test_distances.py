"""Distances of features against closed forms and another implementation."""

import numpy as np
import pytest

from syrfa.realism.distances import distances, frechet_distance, mean_shift, shrunk_covariance, squared_mmd


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_mean_shift_is_in_deviations(rng):
    a = rng.normal(size=(4000, 3))
    assert mean_shift(a, a + np.array([3.0, 0, 0])) == pytest.approx(3 / np.sqrt(3), rel=0.03)
    assert mean_shift(a, a) == 0


@pytest.mark.parametrize(("samples", "size"), [(40, 8), (20, 60), (500, 3)])
def test_shrinkage_agrees_with_scikit_learn(rng, samples, size):
    covariance = pytest.importorskip("sklearn.covariance")
    x = rng.normal(size=(samples, size)) * np.linspace(0.5, 2, size)
    np.testing.assert_allclose(shrunk_covariance(x), covariance.ledoit_wolf(x)[0], atol=1e-10)


def test_frechet_of_known_gaussians(rng):
    a, b = rng.normal(size=(40000, 4)), 2 * rng.normal(size=(40000, 4)) + 1
    assert frechet_distance(a, b) == pytest.approx(4 + 4 * (2 - 1) ** 2, rel=0.03)
    turned = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert frechet_distance(a @ turned, b @ turned) == pytest.approx(frechet_distance(a, b), rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_frechet_with_fewer_samples_than_features(rng):
    value = frechet_distance(rng.normal(size=(10, 50)), rng.normal(size=(12, 50)))
    assert np.isfinite(value)
    assert value >= 0


def test_mmd(rng):
    a, b = rng.normal(size=(300, 3)), rng.normal(size=(300, 3))
    assert squared_mmd(a, b) == pytest.approx(0, abs=0.01)
    assert squared_mmd(a, b + 1) > 0.1
    assert squared_mmd(a, 3 * b) > 0.05  # the means agree
    assert squared_mmd(a, b + 1e6) > 0.5
    # the mean over pairs, written out
    few, others = a[:3], b[:4]
    pairs = np.concatenate([few, others])
    width = np.median([np.linalg.norm(p - q) for i, p in enumerate(pairs) for q in pairs[:i]])
    kernel = lambda p, q: np.exp(-np.sum((p - q) ** 2) / (2 * width**2))  # noqa: E731
    expected = np.mean([kernel(p, q) for i, p in enumerate(few) for j, q in enumerate(few) if i != j])
    expected += np.mean([kernel(p, q) for i, p in enumerate(others) for j, q in enumerate(others) if i != j])
    expected -= 2 * np.mean([kernel(p, q) for p in few for q in others])
    assert squared_mmd(few, others) == pytest.approx(expected)


def test_the_scale_of_a_feature_does_not_matter(rng):
    a, b = rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + 0.5
    scale = np.array([1.0, 100.0, 0.01])
    plain, scaled = distances(a, b), distances(a * scale, b * scale)
    assert plain == pytest.approx(scaled)
    assert distances(np.hstack([a, np.ones((50, 1))]), np.hstack([b, np.ones((50, 1))])) == pytest.approx(plain, 0.2)
