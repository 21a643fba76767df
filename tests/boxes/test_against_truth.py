"""The count of a detector's faults, on boxes whose faults are known."""

from dataclasses import replace

import numpy as np
import pytest
from against_truth import Comparison, sort_boxes

from syrfa.detection import BoxNoise
from syrfa.detection.masks import object_boxes

PEOPLE = np.array([[100.0, 50, 124, 110], [126, 50, 150, 110], [200, 40, 224, 100]])


def kinds(*found):
    return sort_boxes(np.array(found, float).reshape(-1, 4), PEOPLE)


@pytest.mark.parametrize(
    ("box", "kind", "owner"),
    [
        ([101, 51, 125, 111], "whole", 0),
        ([100, 50, 124, 97], "cut", 0),
        ([100, 50, 124, 85], "torso", 0),
        ([100, 50, 124, 74], "torso", -1),
        ([100, 50, 150, 110], "union", -1),
        ([201, 93, 225, 101], "strip", -1),
        ([20, 50, 44, 110], "background", -1),
        ([206, 60, 214, 70], "other", -1),
    ],
)
def test_one_box(box, kind, owner):
    found, owners, joint = kinds(box)
    assert (found.tolist(), owners.tolist()) == ([kind], [owner])
    assert joint.tolist() == ([[0, 1]] if kind == "union" else [[-1, -1]])


def test_the_second_box_of_an_object_is_a_duplicate():
    found, owners, _ = kinds([103, 52, 127, 112], [100, 50, 124, 110])
    assert found.tolist() == ["duplicate", "whole"]
    assert owners.tolist() == [-1, 0]
    assert [len(part) for part in kinds()] == [0, 0, 0]
    alone, *_ = sort_boxes(PEOPLE, np.zeros((0, 4)))
    assert alone.tolist() == ["background"] * 3


def test_a_person_behind_another_makes_no_union():
    behind = np.array([[100.0, 50, 124, 110], [104, 48, 120, 100]])
    found, *_ = sort_boxes(np.array([[100.0, 48, 124, 110]]), behind)
    assert found.tolist() == ["whole"]


def test_a_joint_box_finds_both():
    compared = Comparison()
    compared.add(np.array([[100.0, 50, 150, 110]]), np.array([0.6]), PEOPLE, np.zeros(3))
    compared.add(PEOPLE, np.full(3, 0.9), PEOPLE, np.zeros(3))
    seen = compared.summary()
    assert seen["recall"] == {"rate": 0.8333, "count": 5, "of": 6}
    assert seen["union"] == {"rate": 0.5, "count": 1, "of": 2}
    assert seen["union_only"]["rate"] == 1
    assert seen["boxes_above_0.5"] == {"rate": 2.0, "count": 4, "of": 2}


def test_rates_of_misses_and_cuts_are_recovered():
    mask = np.zeros((200, 640), np.int32)
    for number in range(8):
        tall = 12 if number < 4 else 60
        mask[50 : 50 + tall, 40 + 70 * number : 64 + 70 * number] = number + 1
    noise = replace(
        BoxNoise.none(), miss=0.1, miss_small=0.4, small_side=24.0, cut=0.2, jitter=0.03, jitter_height=0.03
    )
    compared, rng = Comparison(), np.random.default_rng(1)
    truth, _, hidden = object_boxes(mask)
    for _ in range(500):
        found = noise.apply(mask, rng)
        compared.add(found.xyxy.astype(float), found.confidence, truth, hidden)
    seen = compared.summary()
    assert seen["miss_fit"]["miss"] == pytest.approx(0.1, abs=0.03)
    assert seen["miss_fit"]["miss_small"] == pytest.approx(0.4, abs=0.08)
    assert seen["cut"]["rate"] == pytest.approx(0.2, abs=0.03)
    assert seen["jitter"]["left"] == pytest.approx(0.03, abs=0.004)
    assert [row["of"] for row in seen["recall_by_height_unhidden"] if row["of"]] == [2000, 2000]
