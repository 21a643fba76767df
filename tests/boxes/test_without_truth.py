"""Statistics of the boxes of a camera whose walkers are made up, so that each fault is known."""

import numpy as np
import pytest
from without_truth import self_statistics

WIDTH, HEIGHT, FRAMES = 360, 240, 200


def height_at(row):
    return 14 + 0.12 * row


def walkers(rng, miss=0.0, strip=0.0, twice=0.0, jitter=0.01):
    """Six people, far apart, who walk to the right for the whole video; one post that is taken for a torso."""
    rows = []
    for person in range(6):
        bottom = 90.0 + 22 * person
        tall = height_at(bottom)
        for frame in range(FRAMES):
            left = 20.0 + 40 * person + 0.5 * frame
            size = np.array([0.45 * tall, tall] * 2)
            box = np.array([left, bottom - tall, left + 0.45 * tall, bottom])
            seen = box + jitter * size * rng.standard_normal(4)
            if 0 < frame < FRAMES - 1 and rng.random() < miss:
                continue
            rows.append([*seen, 0.95, frame])
            if rng.random() < strip:
                rows.append([box[0], bottom - 0.12 * tall, box[2], bottom, 0.4, frame])
            if rng.random() < twice:
                rows.append([*(box + 0.05 * size), 0.35, frame])
    rows += [[300, 30, 306, 42, 0.45, frame] for frame in range(0, FRAMES, 2)]
    return np.array(rows)


def seen(**faults):
    rows = walkers(np.random.default_rng(0), **faults)
    video = np.zeros(len(rows), int)
    return self_statistics(rows[:, :4], rows[:, 4], video, rows[:, 5].astype(int), FRAMES, (WIDTH, HEIGHT))


def test_faultless_boxes_have_no_faults():
    found = seen()
    assert found["people"] == 6 * FRAMES
    for name in ("torso", "cut", "duplicate", "union"):
        assert found[name]["count"] == 0
    assert found["time"]["missed"]["count"] == 0
    assert found["background"] == {"rate": 0.5, "count": FRAMES // 2, "of": FRAMES}
    assert found["background_in_one_place"]["rate"] == 1


def test_known_faults_are_counted():
    found = seen(miss=0.1, strip=0.2, twice=0.1)
    assert found["time"]["missed"]["rate"] == pytest.approx(0.1, abs=0.03)
    assert found["strip"]["rate"] == pytest.approx(0.2, abs=0.04)
    assert found["duplicate"]["rate"] == pytest.approx(0.1, abs=0.03)
    assert found["confidence"]["strip"]["quantiles"] == [0.4] * 5
    assert np.array(found["strip_sides"])[1] == pytest.approx([0, 0.88, 1, 1], abs=0.03)


def test_jitter_shows_as_tremble():
    sides = seen(jitter=0.03)["time"]["jitter"]
    assert [sides[name] for name in ("left", "top", "right", "bottom")] == pytest.approx([0.03] * 4, rel=0.15)
