"""The ring of tubes that restyle one another, against a loop over single tubes."""

import numpy as np
import pytest
import torch

from syrfa.models import Extractor, StyleAugmentation, TwoStreamExtractor
from syrfa.models.streams import StyleRing
from syrfa.models.style import EPSILON


def network(adapter="rap", **style):
    torch.manual_seed(0)
    net = (
        TwoStreamExtractor(
            Extractor(2, 3, 16), StyleAugmentation(**style), adapter, {"depth": 2} if adapter == "ap" else {}
        )
        .double()
        .eval()
    )
    with torch.no_grad():
        for parameter in net.adapters.parameters():
            parameter += torch.randn_like(parameter) / 4
    return net


def tubes(count=9):
    generator = torch.Generator().manual_seed(1)
    scale = torch.rand(count, 3, 1, 1, 1, generator=generator, dtype=torch.float64)
    return scale * torch.rand(count, 3, 3, 16, 16, generator=generator, dtype=torch.float64)


def statistics(x, dims):
    return x.mean(dim=dims, keepdim=True), (x.var(dim=dims, keepdim=True) + EPSILON).sqrt()


def restyled_before_adapter(net, x, ring, place, block, adapted):
    """Block `block`'s output of the restyled stream of the tube at `place`, by recursion over its donors."""
    tube = ring.order[place % ring.size]
    if block == 1:
        before = x[tube : tube + 1]
    else:
        before = restyled(net, x, ring, place, block - 1, adapted)
        before = net.adapters[block - 2](before) if adapted else before
    return net.extractor.blocks[block - 1](before)


def restyled(net, x, ring, place, block, adapted):
    own = restyled_before_adapter(net, x, ring, place, block, adapted)
    if block not in ring.keep:
        return own
    donor = restyled_before_adapter(net, x, ring, place + 1 + list(ring.keep).index(block), block, adapted)
    (mean, deviation), (theirs, their_deviation) = (statistics(part, net.style.dims) for part in (own, donor))
    keep = ring.keep[block][place % ring.size]
    new_mean, new_deviation = (
        keep * mine + (1 - keep) * other for mine, other in ((mean, theirs), (deviation, their_deviation))
    )
    return (own - mean) / deviation * new_deviation + new_mean


def one_by_one(net, x, ring, adapted):
    """O and O' of every place of the ring, each tube on its own."""
    clean, changed = [], []
    for place in range(ring.size):
        tube = ring.order[place]
        clean.append(net.clean(x[tube : tube + 1], adapted=adapted))
        last = restyled(net, x, ring, place, 3, adapted)
        changed.append(net.neck(net.adapters[2](last) if adapted else last))
    return torch.cat(clean), torch.cat(changed)


def in_batches(net, x, ring, batch, adapted):
    clean, changed = [], []
    for start in range(0, ring.size, batch):
        stop = min(start + batch, ring.size)
        both, part = ring.streams(net, x[ring.order[ring.window(start, stop)]], start, stop, adapted)
        clean.append(both[: stop - start])
        changed.append(part)
    return torch.cat(clean), torch.cat(changed)


STYLES = [
    {"blocks": (1,)},
    {"blocks": (1, 2)},
    {"blocks": (2, 3), "stats": "spatial"},
    {"blocks": (1, 2, 3), "mix": "beta", "alpha": 0.8},
    {"blocks": (1, 2), "mix": "beta", "one_of": True},
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("adapter", "adapted"), [("rap", True), ("ap", True), ("rap", False), ("none", False)])
def test_both_streams_are_those_of_a_loop_over_tubes_in_batches_of_any_size(style, adapter, adapted):
    net, x = network(adapter, **style), tubes()
    ring = StyleRing.draw(net.style, len(x), np.random.default_rng(3))
    with torch.no_grad():
        expected = one_by_one(net, x, ring, adapted)
        for batch in (1, 2, 4, 9):
            for ours, theirs in zip(in_batches(net, x, ring, batch, adapted), expected, strict=True):
                torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
        assert (expected[0] - expected[1]).norm(dim=1).max() > 1e-2


def test_no_tube_takes_its_own_style_and_each_gives_its_style_once_a_block():
    ring = StyleRing.draw(StyleAugmentation((1, 2)), 5, np.random.default_rng(0))
    assert sorted(ring.order) == list(range(5))
    for k, _ in enumerate(ring.keep, start=1):
        donors = np.roll(ring.order, -k)
        assert (donors != ring.order).all()
        assert sorted(donors) == list(range(5))


@pytest.mark.parametrize(("blocks", "tubes"), [((1,), 1), ((1, 2), 2), ((1, 2, 3), 3)])
def test_a_ring_in_which_a_tube_would_meet_itself_is_refused(blocks, tubes):
    with pytest.raises(ValueError, match=f"{tubes} tubes are too few"):
        StyleRing.draw(StyleAugmentation(blocks), tubes, np.random.default_rng(0))
    assert StyleRing.draw(StyleAugmentation(blocks), tubes + 1, np.random.default_rng(0)).size == tubes + 1


def test_tubes_that_all_look_alike_restyle_into_themselves():
    net = network("rap")
    x = tubes(1).repeat(6, 1, 1, 1, 1)
    ring = StyleRing.draw(net.style, 6, np.random.default_rng(0))
    with torch.no_grad():
        clean, changed = in_batches(net, x, ring, 4, True)
    torch.testing.assert_close(clean, changed, rtol=0, atol=1e-9)


def test_one_of_restyles_each_tube_at_one_block():
    ring = StyleRing.draw(StyleAugmentation((1, 2), one_of=True), 200, np.random.default_rng(0))
    untouched = np.stack([ring.keep[1] == 1, ring.keep[2] == 1])
    assert (untouched.sum(axis=0) == 1).all()
    assert 60 < untouched[0].sum() < 140
