"""A video is decoded once, from its first frame to its last, whatever asks for its length."""

import cv2
import numpy as np
import pytest

from syrfa.datasets import ShanghaiTech, VideoRecord
from syrfa.datasets.video import open_video
from syrfa.detection import FileDetector, MotionDetector
from syrfa.errors import DetectionError, LabelError
from syrfa.tubes import TubeSpec, build_cache
from syrfa.tubes.stream import BATCH, shown_batches

FRAMES = 40


class CountingCapture:
    """Counts the frames that are asked of any video file."""

    real = cv2.VideoCapture
    asked = 0

    def __init__(self, *arguments):
        self.capture = self.real(*arguments)

    def read(self):
        CountingCapture.asked += 1
        return self.capture.read()

    def grab(self):
        CountingCapture.asked += 1
        return self.capture.grab()

    def __getattr__(self, name):
        return getattr(self.capture, name)


@pytest.fixture
def campus(tmp_path, monkeypatch):
    """A labelled clip as a video file, coloured from the first frame."""
    (tmp_path / "raw" / "clips").mkdir(parents=True)
    (tmp_path / "raw" / "test_frame_mask").mkdir()
    write_clip(tmp_path / "raw" / "clips" / "01_0014.avi")
    np.save(tmp_path / "raw" / "test_frame_mask" / "01_0014.npy", (np.arange(FRAMES) > 30).astype(np.uint8))
    monkeypatch.setattr(CountingCapture, "asked", 0)
    monkeypatch.setattr(cv2, "VideoCapture", CountingCapture)
    return ShanghaiTech(tmp_path / "raw")


def write_clip(path, grey_frames=0):
    """A bright square that moves over noise; the first `grey_frames` have no colour."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 10, (96, 64))
    rng = np.random.default_rng(0)
    ground = rng.integers(60, 90, (64, 96, 3), np.uint8)
    for number in range(FRAMES):
        frame = ground.copy()
        frame[20:44, number * 2 : number * 2 + 14] = (30, 200, 240)
        if number < grey_frames:
            frame[...] = frame[..., :1]
        writer.write(frame)
    writer.release()


def boxes(path, frames):
    rows = np.tile(np.array([[4, 4, 40, 40, 0.9]], np.float32), (frames, 1))
    np.savez(
        path,
        boxes=rows,
        video=np.zeros(frames, int),
        frame=np.arange(frames),
        names=np.array(["01_0014"]),
        frames_per_video=np.array([frames]),
    )
    return FileDetector(path)


def build(dataset, detector, root):
    return build_cache(dataset, "test", detector, TubeSpec(min_confidence=0.1), root, 1, False)


@pytest.mark.filterwarnings("ignore:.*clips of ShanghaiTech")
def test_every_frame_is_asked_for_once(campus, tmp_path):
    cache = build(campus, MotionDetector(warmup=2, min_area=20), tmp_path / "cache")
    assert cache.video_infos[0].frames == FRAMES
    assert cache.frame_labels(0).sum() == FRAMES - 31
    assert len(cache) > 20
    assert CountingCapture.asked == FRAMES + 1  # the last one says that there is no more


@pytest.mark.filterwarnings("ignore:.*clips of ShanghaiTech")
def test_video_that_turns_to_colour_is_begun_anew(campus, tmp_path):
    path = campus.root / "clips" / "01_0014.avi"
    write_clip(path, grey_frames=20)
    cache = build(campus, boxes(tmp_path / "boxes.npz", FRAMES), tmp_path / "cache")
    assert cache.video_infos[0].channels == 3
    assert len(cache) == FRAMES - 6
    assert CountingCapture.asked <= 2 * (FRAMES + 1)


@pytest.mark.filterwarnings("ignore:.*clips of ShanghaiTech")
@pytest.mark.parametrize("told", [FRAMES - 1, FRAMES + 1])
def test_boxes_of_another_length_are_refused_and_leave_nothing(campus, tmp_path, told):
    with pytest.raises(DetectionError, match=rf"has {told} frames there, .*01_0014\.avi has {FRAMES}"):
        build(campus, boxes(tmp_path / "boxes.npz", told), tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.npy"))


@pytest.mark.filterwarnings("ignore:.*clips of ShanghaiTech")
def test_labels_of_another_length_are_refused_and_corrected_ones_decode_nothing(campus, tmp_path):
    labels = campus.root / "test_frame_mask" / "01_0014.npy"
    right, detector = np.load(labels), boxes(tmp_path / "boxes.npz", FRAMES)
    np.save(labels, right[1:])
    with pytest.raises(LabelError, match=f"{FRAMES}"):
        build(campus, detector, tmp_path / "cache")
    asked = CountingCapture.asked
    np.save(labels, right)
    cache = build(ShanghaiTech(campus.root), detector, tmp_path / "cache")
    np.testing.assert_array_equal(cache.frame_labels(0), right)
    assert CountingCapture.asked == asked


@pytest.mark.parametrize("kind", ["folder", "clip"])
@pytest.mark.parametrize("pixels", [True, False])
def test_a_video_is_shown_in_batches_once(tools, tmp_path, kind, pixels):
    place, lengths = tmp_path / ("frames" if kind == "folder" else "clip.avi"), []
    if kind == "folder":
        frames = tools.write_video(place, FRAMES).repeat(3, axis=-1)
    else:
        write_clip(place)
        frames = np.stack(list(open_video(place)))
    detector = tools.seeing_detector() if pixels else tools.detector()
    detector.finish = lengths.append
    record, reader = VideoRecord("Test001", place, "test"), open_video(place)
    firsts, stacks = zip(*shown_batches(tools.dataset(tmp_path), record, reader, detector), strict=True)
    assert firsts == tuple(range(0, FRAMES, BATCH))
    shown = np.concatenate(stacks)
    np.testing.assert_array_equal(shown, frames if pixels else np.empty((FRAMES, 0, 0, 3), np.uint8))
    known = FRAMES if kind == "folder" else None
    assert (detector.started, lengths) == ([("Test001", known, *frames.shape[1:3])], [FRAMES])


@pytest.mark.parametrize("margin", [3, 15, 16, 17, 40])
@pytest.mark.parametrize("stride", [1, 7])
def test_centres_are_those_of_the_spec_whatever_the_margin(dataset, tools, tmp_path, margin, stride):
    """Of videos of 20 to 85 frames: what is cut is what a pass that knows the length would cut."""
    tools.write_video(dataset.root / "test" / "v3", 85, seed=7)
    spec = TubeSpec(stride=stride, margin=margin)
    detector = tools.seeing_detector(per_frame=2, confidence=0.9)
    cache = build_cache(dataset, "test", detector, spec, tmp_path / "cache", 1, False)
    for number, info in enumerate(cache.video_infos):
        frames = cache.index.frame[cache.index.video == number]
        assert sorted(set(frames.tolist())) == list(spec.centres(info.frames))
        shown = [first for first in range(0, info.frames, 16) if first + margin < info.frames]
        assert info.boxes == 2 * sum(min(16, info.frames - first) for first in shown)
