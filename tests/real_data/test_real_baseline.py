"""What box width alone reaches on UCSD Ped2, under every convention that is quoted for it."""

import os
from pathlib import Path

import numpy as np
import pytest

from syrfa.evaluation import ObjectScores, PaperProtocol, StrictProtocol, box_width
from syrfa.evaluation.metrics.bootstrap import bootstrap_intervals
from syrfa.evaluation.metrics.frame_level import auprc, macro_auroc, max_f1, micro_auroc

ROOT = Path(os.environ.get("SYRFA_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOXES = ROOT / "ped2_yolov3_detections" / "test.npz"
MASKS = ROOT / "ped2" / "ped2_gt_masks_packed.npz"
HEIGHT, WIDTH = 240, 360

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not (BOXES.is_file() and MASKS.is_file()), reason=f"no Ped2 boxes and masks under {ROOT}"),
]


@pytest.fixture(scope="module")
def labels() -> list[np.ndarray]:
    with np.load(MASKS) as masks:
        return np.split(masks["frame_labels"].astype(np.uint8), np.cumsum(masks["frames_per_video"])[:-1])


def objects(clipped: bool) -> list[ObjectScores]:
    """Confidence above 0.5, longer side at least 10 px; `clipped` cuts the boxes to the frame first."""
    with np.load(BOXES) as stored:
        boxes, video, frame = stored["boxes"], stored["video"], stored["frame"]
        lengths, names = stored["frames_per_video"], stored["names"]
    xyxy = np.clip(boxes[:, :4], 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]) if clipped else boxes[:, :4]
    sides = xyxy[:, 2:] - xyxy[:, :2]
    kept = (boxes[:, 4] > 0.5) & (sides.max(axis=1) >= 10)
    split = []
    for number, length in enumerate(lengths):
        here = kept & (video == number)
        split.append(
            ObjectScores(
                str(names[number]),
                int(length),
                HEIGHT,
                WIDTH,
                frame[here].astype(np.int32),
                xyxy[here].astype(np.float32),
                np.zeros(np.count_nonzero(here)),
            )
        )
    return split


def scored(protocol, clipped: bool = False) -> list[np.ndarray]:
    return [protocol.frame_scores(box_width(video)).final for video in objects(clipped)]


@pytest.mark.parametrize(
    ("protocol", "clipped", "expected"),
    [
        # every frame has its own boxes: the number quoted for the baseline
        (StrictProtocol(0, "none"), False, 0.905683),
        (StrictProtocol(0, "centred", 25), False, 0.971068),
        # the frames a model of 7-frame tubes scores, edges replicated: what a strict result is compared with
        (StrictProtocol(3, "none"), False, 0.904208),
        (StrictProtocol(3, "centred", 25), False, 0.963983),
        (StrictProtocol(3, "causal", 25), False, 0.945105),
        # boxes cut to the frame, as a tube cache holds them
        (StrictProtocol(0, "none"), True, 0.905367),
        (StrictProtocol(0, "centred", 25), True, 0.970926),
        (StrictProtocol(3, "none"), True, 0.903892),
        (StrictProtocol(3, "centred", 25), True, 0.963740),
        (StrictProtocol(3, "causal", 25), True, 0.944780),
        # the published post-processing, with the edges most normal
        (PaperProtocol("ped2"), False, 0.921004),
        (PaperProtocol("ped2"), True, 0.920578),
        (PaperProtocol("shanghaitech"), False, 0.970482),
    ],
)
def test_box_width_micro_auroc(labels, protocol, clipped, expected):
    assert micro_auroc(scored(protocol, clipped), labels).value == pytest.approx(expected, abs=1e-4)


def test_first_and_last_frames_as_most_normal_cost_two_points_raw_and_four_smoothed(labels):
    def blank(video: np.ndarray) -> np.ndarray:
        return np.where((np.arange(len(video)) < 3) | (np.arange(len(video)) >= len(video) - 3), 0.0, video)

    raw = [blank(video) for video in scored(StrictProtocol(0, "none"))]
    padded = [np.pad(video, 12, mode="edge") for video in raw]
    smoothed = [np.convolve(video, np.full(25, 1 / 25), "valid") for video in padded]
    assert micro_auroc(raw, labels).value == pytest.approx(0.886688, abs=1e-4)
    assert micro_auroc(smoothed, labels).value == pytest.approx(0.922469, abs=1e-4)


def test_chance_levels_of_ped2(labels):
    random = [np.random.default_rng(k).random(len(video)) for k, video in enumerate(labels)]
    assert sum(video.sum() for video in labels) == 1648
    assert auprc(random, labels).chance == pytest.approx(0.81990, abs=1e-5)
    assert max_f1(random, labels).chance == pytest.approx(0.90104, abs=1e-5)
    assert macro_auroc(random, labels).chance == pytest.approx(0.68523, abs=1e-5)


def test_other_metrics_and_interval_of_box_width(labels):
    scores = scored(StrictProtocol(3, "centred", 25))
    values = [measure(scores, labels).value for measure in (macro_auroc, auprc, max_f1)]
    np.testing.assert_allclose(values, [0.983288, 0.992096, 0.961457], atol=1e-4)
    interval = bootstrap_intervals(scores, labels, 1000, 0)["micro_auroc"]
    assert interval == (pytest.approx(0.912, abs=0.005), pytest.approx(0.996, abs=0.005))
