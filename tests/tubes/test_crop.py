"""Crops against torchvision and OpenCV."""

import cv2
import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchvision.ops import roi_align

from syrfa.tubes import crop_tubes

HEIGHT, WIDTH, LENGTH = 150, 210, 5


def frames_of(seed, channels, frames=LENGTH):
    return np.random.default_rng(seed).integers(0, 256, (frames, HEIGHT, WIDTH, channels), np.uint8)


def torchvision_tubes(frames, centre, boxes, length, size=64):
    """roi_align in float, (n, T, size, size, C), unrounded."""
    stack = torch.from_numpy(frames[centre - length // 2 : centre + length // 2 + 1]).permute(0, 3, 1, 2).double()
    n = len(boxes)
    with_frame = [torch.from_numpy(boxes).double()] * len(stack)
    crops = roi_align(stack, with_frame, size)
    return crops.reshape(len(stack), n, *crops.shape[1:]).permute(1, 0, 3, 4, 2).numpy()


def box_strategy():
    """Boxes of half a pixel to far beyond 64, inside, across and outside the frame; corners on eighths of pixels."""
    corner = hnp.arrays(np.int32, (4, 2), elements=st.integers(-8 * 30, 8 * 240))
    side = hnp.arrays(np.int32, (4, 2), elements=st.one_of(st.integers(0, 40), st.integers(0, 8 * 200)))
    return st.tuples(corner, side).map(lambda cs: np.concatenate([cs[0], cs[0] + cs[1]], 1).astype(np.float32) / 8)


@settings(max_examples=60, deadline=None)
@given(boxes=box_strategy(), channels=st.sampled_from([1, 3]), seed=st.integers(0, 3))
def test_equals_roi_align(boxes, channels, seed):
    frames = frames_of(seed, channels)
    ours = crop_tubes(frames, np.full(4, 2), boxes, LENGTH)
    reference = torchvision_tubes(frames, 2, boxes, LENGTH)
    assert ours.shape == (4, LENGTH, 64, 64, channels)
    # a grid position computed in float32 may fall on the other side of the edge where roi_align jumps to 0
    edge = np.abs(reference - torchvision_tubes(frames, 2, np.float32(boxes + 1e-3), LENGTH)) > 5
    assert np.abs(ours - reference)[~edge].max(initial=0) <= 0.51


def test_known_values_and_time_order():
    frames = np.zeros((9, 8, 8, 1), np.uint8)
    frames += np.arange(9, dtype=np.uint8)[:, None, None, None] * 20
    tubes = crop_tubes(frames, np.array([3, 5]), np.array([[1, 1, 6, 6], [2, 2, 3, 3]], np.float32), 7, 16)
    assert tubes.shape == (2, 7, 16, 16, 1)
    assert [int(frame.min()) for frame in tubes[0]] == [int(frame.max()) for frame in tubes[0]]
    assert tubes[0, :, 0, 0, 0].tolist() == [0, 20, 40, 60, 80, 100, 120]
    assert tubes[1, :, 0, 0, 0].tolist() == [40, 60, 80, 100, 120, 140, 160]


def test_rounds_half_up_and_keeps_white():
    frames = np.full((1, 4, 4, 1), 255, np.uint8)
    box = np.array([[0.3, 0.7, 3.1, 2.9]], np.float32)
    assert (crop_tubes(frames, np.array([0]), box, 1) == 255).all()
    frames[0, :, ::2] = 254
    half_way = crop_tubes(frames, np.array([0]), np.array([[0, 0, 1, 1]], np.float32), 1, 1)
    assert half_way.item() == 255  # the sample at 0.5 lies between 254 and 255


@settings(max_examples=30, deadline=None)
@given(box=hnp.arrays(np.float32, 4, elements=st.floats(0, 140, width=32)))
def test_resize_equals_opencv(box):
    left, top, right, bottom = *np.minimum(box[:2], box[2:]), *np.maximum(box[:2], box[2:])
    frames = frames_of(1, 1, frames=1)
    x0, y0 = int(np.floor(left)), int(np.floor(top))
    x1, y1 = max(int(np.ceil(right)), x0 + 1), max(int(np.ceil(bottom)), y0 + 1)
    patch = frames[0, y0:y1, x0:x1, 0].astype(np.float32)
    reference = cv2.resize(patch, (64, 64), interpolation=cv2.INTER_LINEAR)
    boxes = np.array([[left, top, right, bottom]], np.float32)
    ours = crop_tubes(frames, np.array([0]), boxes, 1, crop="resize")[0, 0, :, :, 0]
    assert np.abs(ours - reference).max() <= 0.51
