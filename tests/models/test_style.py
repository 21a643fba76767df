"""Style augmentation against a loop over samples, channels and frames (Eq. 1-3)."""

import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import JointBatch, StyleAugmentation, StyleDraw

CPU = torch.device("cpu")


def test_swap_takes_the_other_samples_statistics():
    x = torch.randn(3, 2, 4, 8, 8, dtype=torch.float64) * torch.tensor([1.0, 3, 9]).view(3, 1, 1, 1, 1)
    order = torch.tensor([1, 2, 0])
    draw = StyleDraw({1: order}, {1: torch.zeros(3, 1, 1, 1, 1)})
    restyled = StyleAugmentation((1,))(x, 1, draw)
    dims = (2, 3, 4)
    torch.testing.assert_close(restyled.mean(dims), x.mean(dims)[order])
    torch.testing.assert_close(restyled.std(dims), x.std(dims)[order], rtol=1e-4, atol=0)


def test_statistics_are_detached():
    """The gradient is the deviations' ratio alone: none through the statistics, none to the other sample."""
    x = torch.randn(2, 1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    draw = StyleDraw({1: torch.tensor([1, 0])}, {1: torch.zeros(2, 1, 1, 1, 1)})
    restyled = StyleAugmentation((1,))(x, 1, draw)
    direction = torch.randn_like(x)
    (gradient,) = torch.autograd.grad((restyled * direction).sum(), x)
    deviation = (x.detach().var((2, 3, 4), keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(gradient, direction * deviation.flip(0) / deviation, rtol=1e-9, atol=0)


def test_a_fixed_point_is_left_alone():
    x = torch.randn(4, 2, 3, 5, 5, dtype=torch.float64)
    draw = StyleDraw({1: torch.tensor([0, 2, 1, 3])}, {1: torch.zeros(4, 1, 1, 1, 1)})
    restyled = StyleAugmentation((1,))(x, 1, draw)
    torch.testing.assert_close(restyled[[0, 3]], x[[0, 3]], rtol=0, atol=1e-12)
    assert not torch.allclose(restyled[1], x[1])


def test_a_flat_channel_stays_finite():
    x = torch.zeros(2, 1, 2, 4, 4, requires_grad=True)
    style = StyleAugmentation((1,))
    restyled = style(x, 1, StyleDraw({1: torch.tensor([1, 0])}, {1: torch.zeros(2, 1, 1, 1, 1)}))
    restyled.sum().backward()
    assert restyled.isfinite().all()
    assert x.grad.isfinite().all()


def test_blocks_that_are_not_drawn_are_untouched():
    x = torch.randn(2, 1, 2, 4, 4)
    style = StyleAugmentation((1, 2))
    draw = style.draw(JointBatch(2), CPU)
    assert sorted(draw.permutation) == sorted(draw.keep) == [1, 2]
    assert style(x, 3, draw) is x


def test_one_of_picks_each_block_about_equally_often():
    torch.manual_seed(0)
    style = StyleAugmentation((1, 2), one_of=True)
    picked = [tuple(style.draw(JointBatch(2), CPU).permutation) for _ in range(200)]
    assert set(picked) == {(1,), (2,)}
    assert 70 < picked.count((1,)) < 130


def test_permutations_are_permutations_and_vary():
    torch.manual_seed(0)
    draws = [StyleAugmentation().draw(JointBatch(6), CPU).permutation[1] for _ in range(20)]
    assert all(sorted(d.tolist()) == list(range(6)) for d in draws)
    assert len({tuple(d.tolist()) for d in draws}) > 10


def test_beta_shares_follow_the_distribution():
    torch.manual_seed(0)
    keep = StyleAugmentation((1,), "beta").draw(JointBatch(4000), CPU).keep[1].flatten()
    assert ((keep >= 0) & (keep <= 1)).all()
    assert abs(keep.mean() - 0.5) < 0.03
    assert abs(keep.var() - 1 / (4 * 1.2)) < 0.02  # variance of Beta(a, a) is 1 / (4 (2a + 1))


@pytest.mark.parametrize("blocks", [(), (0,), (1, 4)])
def test_unknown_blocks_are_refused(blocks):
    with pytest.raises(ConfigError, match="style blocks"):
        StyleAugmentation(blocks)
