"""The extractor against docs/method.md's table and against a plain numpy implementation."""

import numpy as np
import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import Classifier, Extractor, TemporalHead


def count(module):
    return sum(p.numel() for p in module.parameters())


# --- a naive implementation: shifted sums for the convolutions, explicit means, loops for the pools


def naive_conv(x, weight, bias=None):
    """x (channels, *space), weight (out, channels, 3, ...); zero padding of 1."""
    space = x.shape[1:]
    padded = np.pad(x, [(0, 0)] + [(1, 1)] * len(space))
    out = np.zeros((weight.shape[0], *space))
    for offset in np.ndindex(*[3] * len(space)):
        window = padded[(slice(None), *(slice(o, o + n) for o, n in zip(offset, space, strict=True)))]
        out += np.tensordot(weight[(slice(None), slice(None), *offset)], window, axes=1)
    return out if bias is None else out + bias.reshape(-1, *[1] * len(space))


def naive_norm(x):
    out = np.empty_like(x)
    for channel, values in enumerate(x):
        mean = values.sum() / values.size
        variance = ((values - mean) ** 2).sum() / values.size
        out[channel] = (values - mean) / np.sqrt(variance + 1e-5)
    return out


def naive_pool(x, kernel):
    out = np.empty((x.shape[0], *(n // k for n, k in zip(x.shape[1:], kernel, strict=True))))
    for place in np.ndindex(*out.shape):
        window = tuple(slice(p * k, p * k + k) for p, k in zip(place[1:], kernel, strict=True))
        out[place] = x[(place[0], *window)].max()
    return out


def naive_extractor(x, extractor):
    """O of one tube (3, T, size, size); the weights are taken by the names docs/method.md's table implies."""
    weights = [m.weight.detach().numpy() for m in extractor.modules() if isinstance(m, torch.nn.Conv3d)]
    assert len(weights) == 6
    pools = [(1, 2, 2), (1, 2, 2), (extractor.frames, 2, 2)]
    for block, pool in enumerate(pools):
        for weight in weights[2 * block : 2 * block + 2]:
            x = np.maximum(naive_norm(naive_conv(x, weight)), 0)
        x = naive_pool(x, pool)
    neck = extractor.neck.conv
    x = np.maximum(naive_norm(naive_conv(x[:, 0], neck.weight.detach().numpy(), neck.bias.detach().numpy())), 0)
    return naive_pool(x, (2, 2)).reshape(-1)


@pytest.mark.parametrize(("width", "frames", "size"), [(2, 3, 16), (3, 5, 32)])
def test_forward_equals_naive_implementation(width, frames, size):
    torch.manual_seed(0)
    extractor = Extractor(width, frames, size).double().eval()
    x = torch.rand(2, 3, frames, size, size, dtype=torch.float64)
    expected = np.stack([naive_extractor(tube.numpy(), extractor) for tube in x])
    np.testing.assert_allclose(extractor(x).detach().numpy(), expected, rtol=0, atol=1e-9)


def test_parameter_counts_of_the_paper():
    extractor = Extractor()
    assert [count(block) for block in extractor.blocks] == [30_240, 165_888, 221_184]
    assert count(extractor.neck) == 36_928
    assert count(extractor) == 454_240
    assert extractor.features == 1024
    assert count(Classifier(1024)) == 2_050
    assert count(TemporalHead(1024, 7)) == 50_225


def test_no_norm_has_parameters_or_running_statistics():
    assert {name.rsplit(".", 1)[1] for name in Extractor(2).state_dict()} == {"weight", "bias"}
    assert list(Extractor(2).buffers()) == []


@pytest.mark.parametrize(("width", "frames", "size"), [(32, 7, 64), (2, 9, 64), (4, 3, 16), (3, 1, 48)])
def test_block_shapes_are_those_of_the_outputs(width, frames, size):
    extractor = Extractor(width, frames, size).eval()
    x = torch.rand(1, 3, frames, size, size)
    shapes = []
    for block in extractor.blocks:
        x = block(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == extractor.block_shapes
    assert extractor.neck(x).shape == (1, extractor.features)


@pytest.mark.parametrize("width", [1, 8, 64])
def test_width_scales_the_channels(width):
    def convolutions(w):
        return 27 * (3 * w + w * w + w * 2 * w + 3 * (2 * w) ** 2) + 9 * (2 * w) ** 2 + 2 * w

    assert count(Extractor(width)) == convolutions(width)
    assert Extractor(width).features == 32 * width


@pytest.mark.parametrize("wrong", [{"frames": 6}, {"frames": -1}, {"size": 40}, {"size": 0}, {"width": 0}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ConfigError):
        Extractor(**wrong)


def test_dropout_drops_whole_channels_and_keeps_the_mean():
    neck = Extractor(8, 1, 16).neck.train()
    torch.manual_seed(0)
    mask = neck.draw_mask(2000, torch.zeros((), dtype=torch.float64))
    assert mask.shape == (2000, 16, 1, 1)
    assert mask.dtype == torch.float64
    torch.testing.assert_close(mask.unique(), torch.tensor([0, 1 / 0.7], dtype=torch.float64))
    assert abs(mask.mean() - 1) < 0.02
    x = torch.rand(1, 16, 1, 2, 2, dtype=torch.float64)
    neck.double()
    kept, plain = neck(x, mask[:1]), neck(x)
    torch.testing.assert_close(kept.view(16, -1), plain.view(16, -1) * mask[0, :, :, 0])


def test_no_dropout_in_eval_mode():
    extractor = Extractor(2, 3, 16).eval()
    assert extractor.neck.draw_mask(2, torch.zeros(())) is None
    x = torch.rand(2, 3, 3, 16, 16)
    assert torch.equal(extractor(x), extractor(x))
    extractor.train()
    assert not torch.equal(extractor(x), extractor(x))
