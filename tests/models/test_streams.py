"""The two-stream pass: equal to each stream alone, and repeatable."""

import pytest
import torch

from syrfa.models import Extractor, StreamDraw, StyleAugmentation, StyleDraw, TwoStreamExtractor


def network(adapter="rap", **style):
    torch.manual_seed(0)
    net = TwoStreamExtractor(
        Extractor(2, 3, 16), StyleAugmentation(**style), adapter, {"depth": 2} if adapter == "ap" else {}
    ).double()
    with torch.no_grad():
        for parameter in net.adapters.parameters():
            parameter += torch.randn_like(parameter) / 4
    return net


def tubes(batch=4):
    return torch.rand(batch, 3, 3, 16, 16, dtype=torch.float64)


def stream_alone(net, x, style, mask):
    """One stream from pixels to O, after docs/method.md: three times block, style, adapter; neck."""
    for number, (block, adapter) in enumerate(zip(net.extractor.blocks, net.adapters, strict=True), start=1):
        x = block(x)
        if style is not None and number in style.permutation:
            x = net.style(x, number, style)
        x = adapter(x)
    return net.neck(x, mask)


@pytest.mark.parametrize("blocks", [(1,), (2,), (1, 2), (1, 2, 3)])
@pytest.mark.parametrize("adapter", ["none", "rap", "ap"])
def test_equals_each_stream_run_alone(adapter, blocks):
    net, x = network(adapter, blocks=blocks, mix="beta").train(), tubes()
    draw = net.draw(x)
    assert draw.dropout.shape == (8, 4, 1, 1)
    clean, augmented = net(x, draw)
    torch.testing.assert_close(clean, stream_alone(net, x, None, draw.dropout[:4]), rtol=0, atol=1e-9)
    torch.testing.assert_close(augmented, stream_alone(net, x, draw.style, draw.dropout[4:]), rtol=0, atol=1e-9)
    assert not torch.allclose(clean, augmented)


def test_clean_path_equals_the_clean_stream():
    net, x = network().eval(), tubes()
    torch.testing.assert_close(net.clean(x), net(x, net.draw(x))[0], rtol=0, atol=1e-12)


def test_with_and_without_adapters_is_the_clean_path_twice():
    net, x = network().eval(), tubes()
    adapted, plain = net.with_and_without_adapters(x)
    assert torch.equal(adapted, net.clean(x))
    assert torch.equal(plain, net.extractor(x))
    assert not torch.allclose(adapted, plain)


def test_a_draw_repeats_exactly():
    net, x = network(mix="beta", one_of=True).train(), tubes()
    draw = net.draw(x)
    first, again, fresh = net(x, draw), net(x, draw), net(x, net.draw(x))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], fresh[0])  # another dropout mask


def test_fixed_points_of_the_permutation_leave_the_streams_equal():
    net, x = network().eval(), tubes()
    order, keep = torch.tensor([0, 2, 1, 3]), torch.zeros(4, 1, 1, 1, 1)
    clean, augmented = net(x, StreamDraw(StyleDraw({1: order, 2: order}, {1: keep, 2: keep}), None))
    torch.testing.assert_close(clean[[0, 3]], augmented[[0, 3]], rtol=0, atol=1e-9)
    assert not torch.allclose(clean[1], augmented[1])
