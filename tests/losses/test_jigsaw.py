"""The puzzles of stage 0 against plain loops over pixels, patches and pieces."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.losses import (
    blank_border,
    draw_order,
    flip_some,
    is_static,
    jigsaw_losses,
    jigsaw_normality,
    keep_in_order,
    patch_grid,
    permute_frames,
    permute_patches,
    puzzle_normality,
)

CPU = torch.device("cpu")
GRIDS = {16: (2, 4), 32: (1, 10), 48: (3, 14), 64: (2, 20), 80: (4, 24), 96: (3, 30), 128: (4, 40)}


def random(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# --- patches


@pytest.mark.parametrize("size", GRIDS)
def test_patches_and_border_fill_the_tube(size):
    border, patch = patch_grid(size)
    assert (border, patch) == GRIDS[size]
    assert 3 * patch + 2 * border == size
    assert patch <= size * 20 / 64
    assert (size - 3 * (patch + 2)) // 2 < border  # no larger even patch: it would pass 20/64, or leave no border
    assert patch + 2 > size * 20 / 64


def naive_patches(tube, places, border, patch):
    """Patch p of a tube (C, T, S, S), pixel by pixel, to place places[p]."""
    out = torch.zeros_like(tube)
    for p, place in enumerate(places):
        for y in range(patch):
            for x in range(patch):
                source = (border + p // 3 * patch + y, border + p % 3 * patch + x)
                goal = (border + place // 3 * patch + y, border + place % 3 * patch + x)
                out[:, :, goal[0], goal[1]] = tube[:, :, source[0], source[1]]
    return out


@pytest.mark.parametrize("size", [16, 48, 64])
def test_permuted_patches_equal_a_loop_over_pixels(size):
    x = random(3, 2, 2, size, size)
    places = draw_order(3, 9, CPU)
    expected = [naive_patches(tube, row, *GRIDS[size]) for tube, row in zip(x, places.tolist(), strict=True)]
    assert torch.equal(permute_patches(x, places), torch.stack(expected))


def test_a_patch_goes_where_its_label_says():
    x = torch.zeros(1, 1, 1, 64, 64)
    x[..., 2:22, 2:22] = 1  # patch 0, the upper left
    places = torch.tensor([[5, 0, 2, 3, 4, 1, 6, 7, 8]])  # a cycle of three: its inverse is another
    moved = permute_patches(x, places)
    expected = torch.zeros_like(x)
    expected[..., 22:42, 42:62] = 1  # place 5: second row, third column
    assert torch.equal(moved, expected)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_border_is_blank_with_and_without_a_permutation(size):
    x = random(2, 3, 2, size, size) + 1
    border, _ = patch_grid(size)
    identity = torch.arange(9).expand(2, 9)
    assert torch.equal(permute_patches(x, identity), blank_border(x))
    for y in (blank_border(x), permute_patches(x, draw_order(2, 9, CPU))):
        inside = y[..., border : size - border, border : size - border]
        assert (inside >= 1).all()
        assert y.sum().item() == pytest.approx(inside.sum().item())
        assert y.count_nonzero() == inside.numel()


# --- flip and static tubes


def test_chosen_tubes_are_mirrored_and_others_are_not():
    x = random(3, 2, 2, 4, 4)
    flipped = flip_some(x, torch.tensor([True, False, True]))
    for b in range(3):
        for column in range(4):
            other = 3 - column if b != 1 else column
            assert torch.equal(flipped[b, ..., column], x[b, ..., other])


def test_a_tube_is_static_below_the_threshold_alone():
    x = torch.zeros(4, 3, 3, 4, 4, dtype=torch.float64)
    x[1, 2, 2, 3, 1] = 0.2  # one value of the last frame reaches it
    x[2, 0, 2, 0, 0] = -0.1999
    x[3, :, 1] = 1.0  # only the middle frame differs
    assert is_static(x, 0.2).tolist() == [True, False, True, True]
    assert not is_static(x, 0.0).any()


def test_static_tubes_keep_their_order():
    order = torch.tensor([[2, 0, 1], [1, 2, 0], [2, 1, 0]])
    kept = keep_in_order(order, torch.tensor([False, True, False]))
    assert kept.tolist() == [[2, 0, 1], [0, 1, 2], [2, 1, 0]]
    x = random(3, 1, 3, 2, 2)
    assert torch.equal(permute_frames(x, kept)[1], x[1])


# --- losses and normality


def naive_cross_entropy(row, target):
    return math.log(sum(math.exp(v) for v in row)) - row[target]


@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([3, 5, 7]), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_losses_equal_a_loop_over_pieces(in_time, in_space, frames, seed):
    torch.manual_seed(seed)
    temporal = torch.randn(in_time, frames, frames, dtype=torch.float64) * 3
    spatial = torch.randn(in_space, 9, 9, dtype=torch.float64) * 3
    order, places = draw_order(in_time, frames, CPU), draw_order(in_space, 9, CPU)
    found = jigsaw_losses(temporal, order, spatial, places)
    for loss, logits, labels in zip(found, (temporal, spatial), (order, places), strict=True):
        terms = [
            naive_cross_entropy(logits[b, i].tolist(), labels[b, i].item())
            for b in range(len(labels))
            for i in range(labels.shape[1])
        ]
        assert loss.item() == pytest.approx(sum(terms) / len(terms), abs=1e-9)


def test_the_two_labels_are_inverse_to_each_other():
    """A solver that looks at the pixels: where place i's frame came from, and where patch p went."""
    frames = torch.arange(3.0).view(1, 1, 3, 1, 1).expand(1, 1, 3, 16, 16)
    order = torch.tensor([[1, 2, 0]])
    seen = permute_frames(frames, order)[0, 0, :, 8, 8].long()
    temporal = torch.nn.functional.one_hot(seen, 3).double()[None] * 50

    x = torch.zeros(1, 1, 1, 16, 16)
    for p in range(9):
        x[..., 2 + p // 3 * 4 : 6 + p // 3 * 4, 2 + p % 3 * 4 : 6 + p % 3 * 4] = p
    places = torch.tensor([[1, 2, 0, 4, 5, 3, 7, 8, 6]])
    moved = permute_patches(x, places)[0, 0, 0]
    went = {int(moved[4 + q // 3 * 4, 4 + q % 3 * 4]): q for q in range(9)}
    spatial = torch.nn.functional.one_hot(torch.tensor([went[p] for p in range(9)]), 9).double()[None] * 50

    assert all(loss.item() < 1e-9 for loss in jigsaw_losses(temporal, order, spatial, places))
    swapped = jigsaw_losses(temporal, order.argsort(1), spatial, places.argsort(1))
    assert all(loss.item() > 10 for loss in swapped)


def naive_normality(logits):
    lowest = []
    for matrix in logits.tolist():
        own = [math.exp(row[i]) / sum(math.exp(v) for v in row) for i, row in enumerate(matrix)]
        lowest.append(min(own))
    return lowest


@given(st.integers(1, 4), st.integers(1, 7), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_normality_equals_a_loop(batch, frames, seed):
    torch.manual_seed(seed)
    temporal = torch.randn(batch, frames, frames, dtype=torch.float64) * 4
    spatial = torch.randn(batch, 9, 9, dtype=torch.float64) * 4
    in_time, in_space = naive_normality(temporal), naive_normality(spatial)
    assert puzzle_normality(temporal).tolist() == pytest.approx(in_time, abs=1e-9)
    expected = [(a + b) / 2 for a, b in zip(in_time, in_space, strict=True)]
    assert jigsaw_normality(temporal, spatial).tolist() == pytest.approx(expected, abs=1e-9)
