"""Tubes in time: the same seven moments at every frame rate, and one clear line where the rate is not known."""

import cv2
import numpy as np
import pytest

from syrfa.datasets import VideoFolder
from syrfa.errors import VideoError
from syrfa.evaluation.scores import ObjectScores, hold
from syrfa.tubes import TubeSpec
from syrfa.tubes.build import build_cache
from syrfa.tubes.cache import cache_identity
from syrfa.tubes.timeline import FramesInTime

TENTH = TubeSpec(size=16, min_confidence=0.0, interval=0.1)


def bars(folder, name, seconds, size=(40, 56)):
    """A folder of frames, one for each time; the grey level counts sixtieths of a second."""
    place = folder / "test" / name
    place.mkdir(parents=True)
    for number, second in enumerate(seconds):
        level = min(255, int(second * 60 + 1e-6))
        cv2.imwrite(str(place / f"{number:04d}.png"), np.full(size, level, np.uint8))


@pytest.fixture
def one_box(tools):
    """Builds the cache of a folder of videos with one box in every frame; returns it."""

    def build(root, spec, detector=None):
        boxes = {("test__v", f): [[8, 8, 40, 32]] for f in range(2000)}
        found = detector or tools.detector(boxes=boxes, confidence=0.9)
        return build_cache(VideoFolder(root), "test", found, spec, root / "cache", workers=1, progress=False), found

    return build


def levels(cache):
    return cache.read(np.arange(len(cache)))[:, :, 8, 8, 0].astype(int)


@pytest.mark.parametrize("fps", [8, 10, 12.5, 25, 30, 60])
def test_a_tube_spans_the_same_time_at_every_rate(tmp_path, one_box, fps):
    bars(tmp_path, "v", np.arange(int(4 * fps)) / fps)
    cache, _ = one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0, interval=0.1, fps=fps))
    seconds = (levels(cache)[:, -1] - levels(cache)[:, 0]) / 60
    assert np.abs(seconds - 0.6).max() <= 1 / fps + 1 / 60  # half a frame at either end, and the grey levels
    assert len(cache) == pytest.approx(3.4 * min(fps, 10), abs=2)


def test_ten_a_second_are_consecutive_frames(tmp_path, one_box):
    bars(tmp_path, "v", np.arange(40) / 10)
    in_time, _ = one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0, interval=0.1, fps=10))
    plain, _ = one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0))
    np.testing.assert_array_equal(in_time.read(np.arange(34)), plain.read(np.arange(34)))
    assert in_time.video_infos[0].centres == list(range(3, 37))
    assert plain.video_infos[0].centres is None


@pytest.mark.parametrize("apart", [None, 0.0, 0.2])
def test_equals_the_definition(apart):
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.uniform(0.02, 0.07, 300))
    seconds -= seconds[0]
    spec = TubeSpec(interval=0.1, centre_interval=apart, margin=3).for_split("test")
    line = FramesInTime(spec, seconds)
    for centre in line.centres:
        wanted = seconds[centre] + 0.1 * np.arange(-3, 4)
        found = seconds[centre + line.around(int(centre))]
        np.testing.assert_allclose(np.abs(found - wanted), np.abs(seconds[:, None] - wanted).min(axis=0))
    if apart == 0.0:
        assert set(np.diff(line.centres)) == {1}
    else:
        assert np.median(np.diff(seconds[line.centres])) == pytest.approx(apart or 0.1, abs=0.04)
    assert seconds[line.centres[0]] >= 0.3 - 0.035
    assert seconds[line.centres[-1]] <= seconds[-1] - 0.3 + 0.035


def test_the_detector_sees_the_centres_alone(tmp_path, tools, one_box):
    bars(tmp_path, "v", np.arange(100) / 25)
    cache, detector = one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0, interval=0.1, fps=25))
    assert [first for first, _ in detector.shown] == cache.video_infos[0].centres
    assert len(detector.shown) == pytest.approx(100 / 2.5 - 6, abs=1)
    in_order = tools.detector(boxes={("test__v", f): [[8, 8, 40, 32]] for f in range(100)}, confidence=0.9)
    in_order.in_order = True
    again, _ = one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0, interval=0.1, fps=25.0, stride=2), in_order)
    assert sum(shape[0] for _, shape in in_order.shown) == 100
    np.testing.assert_array_equal(levels(again), levels(cache)[::2])


def test_timestamps_of_a_container(tmp_path, one_box):
    place = tmp_path / "test"
    place.mkdir()
    writer = cv2.VideoWriter(str(place / "v.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (56, 40))
    for frame in range(100):
        writer.write(np.full((40, 56, 3), frame * 60 // 25, np.uint8))
    writer.release()
    cache, _ = one_box(tmp_path, TENTH)
    seconds = (levels(cache)[:, -1] - levels(cache)[:, 0]) / 60
    assert np.abs(seconds - 0.6).max() <= 1 / 25 + 3 / 60  # and the codec's own noise


def test_scores_are_held_until_the_next_centre():
    xyxy = np.array([[0, 0, 4, 4], [4, 4, 8, 8], [0, 0, 2, 2]], np.float32)
    objects = ObjectScores("v", 10, 8, 8, np.array([2, 2, 7], np.int32), xyxy, np.array([0.1, 0.2, 0.9]))
    held = hold(objects, [2, 5, 7])  # nothing was found at 5
    assert held.object_frame.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 7, 8, 9]
    assert held.object_score.tolist() == [0.1, 0.2] * 5 + [0.9] * 3
    np.testing.assert_array_equal(held.object_xyxy[:2], xyxy[:2])
    assert hold(objects, None) is objects


def test_the_key_of_consecutive_tubes_stays(tmp_path, tools):
    bars(tmp_path, "v", np.arange(10) / 10)
    keys = cache_identity(VideoFolder(tmp_path), "test", tools.detector(), TubeSpec())["spec"]
    assert not {"interval", "centre_interval", "fps"} & keys.keys()
    assert cache_identity(VideoFolder(tmp_path), "test", tools.detector(), TENTH)["spec"]["interval"] == 0.1


@pytest.mark.parametrize(
    ("options", "seconds", "line"),
    [
        ({}, np.arange(40) / 10, "a folder of images has no frame rate, and spec.interval needs one; say how many"),
        ({"fps": 2.0}, np.arange(40) / 2, "2 frames a second are too few for spec.interval=0.1"),
        ({"fps": 25.0}, np.arange(10) / 25, "0.36 s are too short for a tube of 7 frames 0.1 s apart"),
    ],
)
def test_one_line_where_time_does_not_fit(tmp_path, one_box, options, seconds, line):
    bars(tmp_path, "v", seconds)
    with pytest.raises(VideoError, match=line):
        one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0, interval=0.1, **options))


@pytest.mark.parametrize(
    ("stamps", "line"),
    [
        ([0.0, 0.1, 0.05, *np.arange(3, 40) / 10], "timestamps do not ascend at frame 2"),
        (np.arange(40) / 5000, "its timestamps are 5,000 frames a second"),
        (np.zeros(0), "too short"),
    ],
)
def test_timestamps_that_cannot_be(tmp_path, one_box, monkeypatch, stamps, line):
    test_timestamps_of_a_container(tmp_path, one_box)
    monkeypatch.setattr("syrfa.tubes.timeline.frame_seconds", lambda path: np.array(stamps))
    with pytest.raises(VideoError, match=line):
        one_box(tmp_path, TubeSpec(size=16, min_confidence=0.0, interval=0.1, stride=3))
