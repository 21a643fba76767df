"""A video is shown to detectors in order, in batches, once; its length is told when it is known."""

import cv2
import numpy as np
import pytest

from syrfa.datasets import VideoRecord
from syrfa.detection import Detector
from syrfa.errors import VideoError
from syrfa.tubes.stream import BATCH, Video

FRAMES = 2 * BATCH + 3


class Listener(Detector):
    def __init__(self):
        self.told = []

    def identity(self):
        return {}

    def start(self, dataset, record, frames, height, width):
        self.told.append((frames, height, width))

    def detect(self, frames, first):
        raise AssertionError("nobody detects here")

    def finish(self, frames):
        self.told.append(frames)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "frames"
    place.mkdir()
    for number in range(FRAMES):
        cv2.imwrite(str(place / f"{number:03d}.png"), np.full((40, 64), 3 * number, np.uint8))
    return place


@pytest.fixture
def clip(tmp_path):
    place = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(place), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 40))
    for number in range(FRAMES):
        writer.write(np.full((40, 64, 3), (3 * number, 0, 200), np.uint8))
    writer.release()
    return place


@pytest.mark.parametrize("kind", ["folder", "clip"])
@pytest.mark.parametrize("pixels", [True, False])
def test_batches(request, tools, tmp_path, kind, pixels):
    place, detector = request.getfixturevalue(kind), Listener()
    video = Video(tools.dataset(tmp_path), VideoRecord("Test001", place, "test"))
    video.start(detector)
    firsts, sizes, greys = [], [], []
    for first, stack in video.batches(pixels):
        firsts.append(first)
        sizes.append(len(stack))
        assert stack.shape[1:] == ((40, 64, 3) if pixels else (0, 0, 3))
        assert stack.dtype == np.uint8
        channel = 0 if kind == "folder" else 2  # RGB: what grows is blue
        greys += stack[:, 20, 30, channel].tolist() if pixels else []
    video.finish(detector)
    assert firsts == [0, BATCH, 2 * BATCH]
    assert sizes == [BATCH, BATCH, 3]
    assert video.frames == FRAMES
    assert detector.told == [(FRAMES if kind == "folder" else None, 40, 64), FRAMES]
    if pixels:
        assert greys == pytest.approx([3 * number for number in range(FRAMES)], abs=0 if kind == "folder" else 6)


def test_a_damaged_frame_ends_the_pass(tools, tmp_path, folder):
    (folder / "020.png").write_bytes(b"no picture")
    video = Video(tools.dataset(tmp_path), VideoRecord("Test001", folder, "test"))
    with pytest.raises(VideoError, match=r"020\.png"):
        list(video.batches())
