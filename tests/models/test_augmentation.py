"""The sensor augmentation keeps range and shape and treats the frames of a tube alike."""

import pytest
import torch

from syrfa.models.style import SensorAugmentation


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_range_shape_and_dtype(dtype):
    torch.manual_seed(0)
    x = torch.rand(16, 3, 3, 16, 16, dtype=dtype)
    x[0], x[1] = 0, 1
    out = SensorAugmentation(noise=0.5)(x)
    assert out.shape == x.shape
    assert out.dtype == dtype
    assert out.isfinite().all()
    assert out.min() >= 0
    assert out.max() <= 1


def test_frames_of_a_tube_change_alike():
    torch.manual_seed(0)
    x = torch.rand(8, 3, 1, 16, 16).expand(-1, -1, 5, -1, -1)
    out = SensorAugmentation(noise=0)(x)
    assert torch.equal(out, out[:, :, :1].expand_as(out))
    assert not torch.allclose(out, x)
    noisy = SensorAugmentation()(x)
    assert not torch.equal(noisy[:, :, 0], noisy[:, :, 1])


def test_tubes_of_a_batch_differ():
    torch.manual_seed(0)
    x = torch.rand(1, 3, 1, 16, 16).expand(6, -1, -1, -1, -1)
    out = SensorAugmentation(noise=0)(x)
    assert len({tuple(tube.flatten().tolist()) for tube in out}) == 6


def test_flip_alone_mirrors_left_and_right():
    x = torch.rand(3, 3, 2, 16, 16).clamp_min(1e-3)
    always = SensorAugmentation(flip=1, gamma=1, blur=0, noise=0)(x)
    never = SensorAugmentation(flip=0, gamma=1, blur=0, noise=0)(x)
    torch.testing.assert_close(always, x.flip(-1))
    torch.testing.assert_close(never, x)


def test_gamma_alone_is_a_power_between_its_bounds():
    x = torch.full((500, 3, 1, 16, 16), 0.5)
    out = SensorAugmentation(flip=0, gamma=2, blur=0, noise=0)(x)[:, 0, 0, 0, 0]
    exponent = out.log() / torch.tensor(0.5).log()
    assert exponent.min() >= 0.5 - 1e-4
    assert exponent.max() <= 2 + 1e-4
    assert abs(exponent.log2().mean()) < 0.1  # as often brighter as darker


def test_blur_alone_is_a_normalised_symmetric_kernel():
    torch.manual_seed(0)
    x = torch.zeros(4, 3, 1, 16, 16)
    x[..., 8, 8] = 1
    out = SensorAugmentation(flip=0, gamma=1, blur=1, noise=0)(x)
    torch.testing.assert_close(out[..., 6:11, 6:11], out[..., 6:11, 6:11].flip(-1))
    torch.testing.assert_close(out, out.transpose(-1, -2))
    assert (out.sum((2, 3, 4)) - 1).abs().max() < 0.05  # the clamp of black pixels at 1e-4 adds a little
    flat = torch.full((4, 3, 1, 16, 16), 0.3)
    torch.testing.assert_close(SensorAugmentation(flip=0, gamma=1, blur=1, noise=0)(flat), flat)
