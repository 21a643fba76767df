"""The small network."""

import numpy as np
import pytest
import torch

from syrfa.realism.network import NetworkScorer, network_inputs
from syrfa.realism.probe import probe_domains
from syrfa.realism.report import measure_network


def test_brightness_and_contrast_are_gone(make_sample):
    tubes = make_sample(0, videos=1, each=3).tubes // 4 * 2
    plain, brighter = network_inputs(tubes, 1), network_inputs(tubes // 2 + 90, 1)
    assert plain.shape == (3, 1, 5, 32, 32)
    np.testing.assert_allclose(plain, brighter, atol=1e-4)
    np.testing.assert_allclose(plain.mean(axis=(1, 2, 3, 4)), 0, atol=1e-5)
    np.testing.assert_allclose(network_inputs(tubes, 3)[:, 2], plain[:, 0])


def told_apart(real, generated, steps):
    inputs = [network_inputs(sample.tubes, 1) for sample in (real, generated)]
    return probe_domains(inputs[0], real.video, inputs[1], generated.video, NetworkScorer(steps), 2, 1, 0).auroc


def test_noise_is_learnt_and_nothing_else_is(make_sample):
    real, same, noisy = make_sample(1, each=8), make_sample(2, each=8), make_sample(3, each=8, noise=25.0)
    assert told_apart(real, noisy, 60) > 0.9
    assert told_apart(real, same, 30) == pytest.approx(0.5, abs=0.2)


def test_two_halves_stand_beside_it(make_sample):
    found = measure_network(make_sample(1, videos=4, each=4), make_sample(2, videos=5, each=4), 2, 1, 0)
    assert found.keys() == {"real_generated", "real_real", "generated_generated"}
    assert [found[kind]["videos"] for kind in found] == [(4, 5), (2, 2), (3, 2)]


def test_scores_depend_on_the_seed_alone(make_sample):
    inputs = network_inputs(make_sample(0, videos=2, each=8).tubes, 1)
    labels = np.repeat([0, 1], 8)
    scorer, threads = NetworkScorer(3), torch.get_num_threads()
    before = torch.get_rng_state()
    first = scorer(inputs, labels, inputs, 7)
    torch.manual_seed(5)
    torch.set_num_threads(2)
    second = scorer(inputs, labels, inputs, 7)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, scorer(inputs, labels, inputs, 8))
    torch.manual_seed(5)
    after = torch.get_rng_state()
    scorer(inputs, labels, inputs, 7)
    assert torch.equal(torch.get_rng_state(), after)
    torch.set_rng_state(before)
