"""A map of confidences: monotone, from a file that says what it is for, and one that makes thresholds mean the same."""

import json
import pickle
from importlib import resources

import numpy as np
import pytest

from syrfa.detection import Detections, Detector, MappedDetector, MotionDetector
from syrfa.detection.confidence_map import read_map
from syrfa.errors import ConfigError, DataNotFoundError

SHIPPED = sorted(f.name for f in (resources.files("syrfa.detection") / "confidence_maps").iterdir())


class Unsure(Detector):
    """Two boxes a frame."""

    needs_frames = False
    in_order = True

    def __init__(self, iou=0.5):
        self.iou, self.finished = iou, None

    def identity(self):
        return {"detector": "unsure", "version": "1", "confidence": 0.1, "iou": self.iou}

    def detect(self, frames, first):
        xyxy = np.array([[0, 0, 9, 9], [1, 1, 5, 5]], np.float32)
        return [Detections(xyxy, np.array([0.2, 0.4], np.float32), np.array([3, 4], np.int16)) for _ in frames]

    def finish(self, frames):
        self.finished = frames


def write(path, **changes):
    content = {
        "schema": 1,
        "detector": {"detector": "unsure", "iou": 0.5},
        "own": [0, 0.2, 0.6, 1],
        "reference": [0, 0.5, 0.9, 1],
    }
    path.write_text(json.dumps({key: value for key, value in (content | changes).items() if value is not None}))
    return path


def test_only_confidences_change(tmp_path):
    inner = Unsure()
    detector: Detector = MappedDetector(inner, write(tmp_path / "map.json"))
    (before,), (after,) = inner.detect(np.zeros((1, 0, 0, 3), np.uint8), 0), detector.detect(np.zeros((1, 0, 0, 3)), 0)
    assert np.array_equal(before.xyxy, after.xyxy)
    assert np.array_equal(before.class_id, after.class_id)
    assert after.confidence == pytest.approx([0.5, 0.7])
    assert after.confidence.dtype == np.float32
    assert (detector.needs_frames, detector.runs_network, detector.in_order) == (False, False, True)
    detector.finish(7)
    assert inner.finished == 7


def test_identity_holds_the_map_and_the_detector(tmp_path):
    detector = MappedDetector(Unsure(), write(tmp_path / "map.json"))
    identity = detector.identity()
    assert identity["of"] == Unsure().identity()
    assert pickle.loads(pickle.dumps(detector)).identity() == identity
    assert json.loads(json.dumps(identity)) == identity
    other = MappedDetector(Unsure(), write(tmp_path / "other.json", reference=[0, 0.5, 0.8, 1]))
    assert other.identity() != identity
    moved = MappedDetector(Unsure(), write(tmp_path / "moved.json"))
    assert moved.identity() == identity, "the place of the file does not matter"


def test_a_map_of_another_detector_is_refused(tmp_path):
    detector = MappedDetector(Unsure(iou=0.7), write(tmp_path / "map.json"))
    with pytest.raises(ConfigError, match=r"fitted for a detector with iou 0\.5, this one has 0\.7; fit one for it"):
        detector.identity()


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"schema": None},
        {"own": None},
        {"own": [0, 1]},
        {"own": [0, 0.6, 0.2, 1]},
        {"own": [0.1, 0.2, 0.6, 1]},
        {"own": [0, 0.2, 0.2, 1]},
        {"reference": [0, 0.9, 0.5, 1]},
        {"reference": [0, 0.5, 0.9, 1.5]},
        {"reference": [-1, 0.5, 0.9, 1]},
        {"reference": [0, "nan", 0.9, 1]},
        {"reference": ["a"] * 4},
        {"detector": 3},
    ],
)
def test_damaged_files(tmp_path, changes):
    with pytest.raises(ConfigError) as error:
        MappedDetector(Unsure(), write(tmp_path / "map.json", **changes))
    assert "\n" not in str(error.value)


def test_absent_files_name_the_shipped_ones():
    with pytest.raises(DataNotFoundError, match="shipped are motion, yolov8n_int8"):
        MappedDetector(Unsure(), "none.json")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_maps_are_what_the_command_wrote(name):
    content = json.loads((resources.files("syrfa.detection") / "confidence_maps" / name).read_text())
    mapping, fitted_for = read_map(name.removesuffix(".json"))
    assert fitted_for == content["detector"]
    assert content["fitted_on"]["dataset"] == "ped2"
    assert content["fitted_on"]["split"] == "train"
    held_out = content["held_out"]
    assert set(held_out) == {"as it is", "count", "pairs"}
    for threshold in ("0.5", "0.8"):
        assert abs(np.log(held_out["count"][threshold]["ratio"])) <= abs(
            np.log(held_out["as it is"][threshold]["ratio"])
        )
    assert (np.diff(mapping(np.linspace(0, 1, 1001))) >= 0).all()


def test_shipped_map_of_motion_fits_the_detector_with_its_defaults():
    assert MappedDetector(MotionDetector(), "motion").identity()["of"] == MotionDetector().identity()
