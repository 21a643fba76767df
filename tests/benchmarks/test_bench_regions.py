"""RBDC and TBDC of a million boxes, beside the plain loop over boxes, in one run on one machine.

Run by `make bench` (SYRFA_BENCH=1); ordinary test runs skip it. Both sides get the same boxes, half of them near a
region, and must give the same two numbers. Seconds are of this process alone, on one core.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from naive_regions import naive_regions

from syrfa.datasets import Regions
from syrfa.evaluation import ObjectScores
from syrfa.evaluation.metrics.region_level import areas, match, region_metrics
from syrfa.training.provenance import environment
from syrfa.utils.files import write_json

VIDEOS, FRAMES, BOXES = 200, 250, 5_000
SIDE = 20.0

pytestmark = [
    pytest.mark.skipif(os.environ.get("SYRFA_BENCH") != "1", reason="a benchmark; run it with SYRFA_BENCH=1"),
    pytest.mark.timeout(600),
]

MEASURED: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def written():
    """Leaves what was measured, and on what, in runs/bench_regions.json."""
    yield
    content = {"boxes": VIDEOS * BOXES, "videos": VIDEOS, "frames": VIDEOS * FRAMES, "rows": MEASURED}
    write_json(Path("runs/bench_regions.json"), {**content, "environment": environment()})


@pytest.fixture(scope="module")
def split():
    """Every other video has two tracks that stand in one place for half of it."""
    generator = np.random.default_rng(0)
    objects, regions = [], []
    for number in range(VIDEOS):
        places = generator.integers(20, 200, (2 if number % 2 else 0, 2)).astype(np.float64)
        frames = np.arange(FRAMES // 4, 3 * FRAMES // 4)
        corner = np.repeat(places, len(frames), axis=0)
        frame, track = np.tile(frames, len(places)), np.repeat(np.arange(len(places)), len(frames))
        order = np.argsort(frame, kind="stable")
        boxes = np.concatenate([corner, corner + SIDE - 1], axis=1)
        regions.append(Regions(frame[order], boxes[order], track[order], (240, 360)))
        at = generator.integers(0, FRAMES, BOXES)
        xy = generator.integers(0, 220, (BOXES, 2)).astype(np.float64)
        if len(places):
            xy[::2] = places[generator.integers(0, 2, BOXES // 2)] + generator.integers(-15, 16, (BOXES // 2, 2))
        xyxy = np.concatenate([xy, xy + SIDE - 1], axis=1).astype(np.float32)
        score = np.round(generator.random(BOXES), 4)  # some tie
        objects.append(ObjectScores(f"{number:03d}", FRAMES, 240, 360, at.astype(np.int32), xyxy, score))
    return objects, regions


def timed(call):
    start = time.process_time()
    found = call()
    return found, time.process_time() - start


def test_a_million_boxes(split, capsys):
    objects, regions = split
    plain = [
        (
            FRAMES,
            np.column_stack([video.object_frame, video.object_xyxy.astype(np.float64), video.object_score]).tolist(),
            [
                dict(zip(truth.frame[truth.track == k].tolist(), truth.xyxy[truth.track == k].tolist(), strict=True))
                for k in range(truth.tracks)
            ],
        )
        for video, truth in zip(objects, regions, strict=True)
    ]

    def ours():
        matched = [match(video, truth) for video, truth in zip(objects, regions, strict=True)]
        return matched, areas(matched, [video.score for video in matched], np.ones((1, VIDEOS)))[0]

    (matched, found), seconds = timed(ours)
    expected, naive_seconds = timed(lambda: naive_regions(plain))
    whole, whole_seconds = timed(lambda: region_metrics(matched, 1000))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert whole["rbdc"].value == found[0]
    MEASURED.update(
        {
            "RBDC and TBDC, plain loop, s": round(naive_seconds, 2),
            "RBDC and TBDC, ours, s": round(seconds, 2),
            "ratio": round(naive_seconds / seconds, 1),
            "chance and 1,000 draws on top, s": round(whole_seconds, 2),
        }
    )
    with capsys.disabled():
        print("\n" + "\n".join(f"{title:<36} {value:8.2f}" for title, value in MEASURED.items()))
    assert seconds < naive_seconds / 5
    assert seconds + whole_seconds < 30
