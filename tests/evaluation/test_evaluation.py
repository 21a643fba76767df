"""What a evaluation and the entry `regions` of a result hold."""

import json

import numpy as np
import pytest
from naive_regions import as_objects, as_regions, naive_regions, random_video

from syrfa.evaluation import StrictProtocol, box_width, random_scores
from syrfa.evaluation.evaluate import evaluate, final_scores
from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms
from syrfa.evaluation.metrics.frame_level import eer
from syrfa.evaluation.regions import RegionEvaluation

PROTOCOL = StrictProtocol(0, "centred", 5)


@pytest.fixture
def split():
    generator = np.random.default_rng(2)
    videos = [random_video(generator, frames=40, boxes=80, tracks=2) for _ in range(4)]
    labels = []
    for frames, _, tracks in videos:
        abnormal = {frame for track in tracks for frame in track}
        labels.append(np.array([frame in abnormal for frame in range(frames)], np.uint8))
    return videos, labels


def test_a_evaluation_holds_eer_alarms_and_both_baselines(split):
    videos, labels = split
    objects = [as_objects(video) for video in videos]
    evaluation = evaluate(objects, labels, PROTOCOL, bootstrap=50, alarms=AlarmRule(0.8, 10))
    curves = final_scores(objects, PROTOCOL)
    assert evaluation["metrics"]["eer"]["value"] == eer(curves, labels).value
    assert evaluation["metrics"]["eer"]["ci_low"] <= evaluation["metrics"]["eer"]["value"]
    assert set(evaluation["baselines"]) == {"box_width", "random_smoothed"}
    alarms = evaluation["alarms"]
    assert {key: alarms[key] for key in alarms if key != "baselines"} == false_alarms(
        curves, labels, AlarmRule(0.8, 10), 50
    )
    widths = false_alarms(final_scores([box_width(v) for v in objects], PROTOCOL), labels, AlarmRule(0.8, 10))
    shorter = {key: widths[key] for key in ("false_alarms_per_hour", "normal_in_alarm", "event_recall", "threshold")}
    assert alarms["baselines"]["box_width"] == shorter
    assert "lead_over_random_smoothed" in evaluation
    json.dumps(evaluation, allow_nan=False)


def test_random_scores_go_through_the_protocol_and_the_seed_decides(split):
    videos, labels = split
    objects = [as_objects(video) for video in videos]
    one, same, other = (
        evaluate(objects, labels, PROTOCOL, bootstrap=0, seed=seed)["baselines"]["random_smoothed"]
        for seed in (3, 3, 4)
    )
    assert one == same != other
    expected = eer(final_scores(random_scores(objects, 3), PROTOCOL), labels)
    assert one["eer"]["value"] == expected.value


def evaluated(objects, regions, baselines, bootstrap):
    evaluation = RegionEvaluation(objects, baselines, bootstrap)
    for number in reversed(range(len(objects))):
        evaluation.add(number, regions[number])
    return evaluation.result("drawn")


def test_regions_of_a_result(split):
    videos, _ = split
    objects, regions = [as_objects(video) for video in videos], [as_regions(video) for video in videos]
    widths = [box_width(video) for video in objects]
    found = evaluated(objects, regions, {"box_width": widths}, bootstrap=30)
    assert (found["rbdc"]["value"], found["tbdc"]["value"]) == pytest.approx(naive_regions(videos), abs=1e-9)
    assert found["rbdc"]["ci_low"] < found["rbdc"]["ci_high"]
    by_width = [
        (frames, [(*box[:5], (box[3] - box[1]) / 100) for box in boxes], tracks) for frames, boxes, tracks in videos
    ]
    baseline = found["baselines"]["box_width"]
    assert (baseline["rbdc"]["value"], baseline["tbdc"]["value"]) == pytest.approx(naive_regions(by_width), abs=1e-9)
    assert baseline["rbdc"]["chance"] == found["rbdc"]["chance"]
    assert (found["ground_truth"], found["tracks"], found["boxes"]) == ("drawn", 8, 320)
    assert found["regions"] == sum(len(truth) for truth in regions)
    json.dumps(found, allow_nan=False)


def test_without_a_region_the_entry_is_null_with_a_reason():
    video = (3, [(0, 1, 1, 9, 9, 0.5)], [])
    found = evaluated([as_objects(video)], [as_regions(video)], {}, bootstrap=0)
    assert found == {"value": None, "reason": "no video has an abnormal region"}
