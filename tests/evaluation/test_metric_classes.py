import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import naive_regions
import numpy as np
import pytest
import torch
import torch.distributed as dist
from naive_regions import as_objects, as_regions, random_video

from syrfa.errors import LabelError
from syrfa.evaluation import StrictProtocol, box_width
from syrfa.evaluation.evaluate import evaluate
from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms
from syrfa.evaluation.metrics.bootstrap import bootstrap_intervals
from syrfa.evaluation.metrics.frame_level import METRICS
from syrfa.evaluation.metrics.metric import AlarmMetric, FrameLevelMetric, RegionMetric
from syrfa.evaluation.metrics.region_level import match, region_metrics
from syrfa.evaluation.regions import RegionEvaluation


def videos(count: int = 5):
    generator = np.random.default_rng(4)
    labels = [np.sort(generator.integers(0, 2, 20 + k)) for k in range(count)]
    return [generator.random(len(truth)) * 30 - 7 + truth for truth in labels], labels


def test_collected_values_equal_the_functions():
    scores, labels = videos()
    metric = FrameLevelMetric(resamples=100, seed=3)
    for video in (4, 0, 2, 1, 3):  # the order of arrival does not matter
        metric.update(video, torch.from_numpy(scores[video]), labels[video].tolist())
    intervals = bootstrap_intervals(scores, labels, 100, 3)
    for name, value in metric.compute().items():
        assert value[:1] + value[3:] == METRICS[name](scores, labels)[:1] + METRICS[name](scores, labels)[3:]
        assert (value.ci_low, value.ci_high) == intervals[name]


def test_wrong_updates():
    metric = FrameLevelMetric()
    metric.update(0, [0.1], [0])
    with pytest.raises(ValueError, match="video 0 was already given"):
        metric.update(0, [0.1], [0])
    with pytest.raises(LabelError, match="video 1: 2 frame scores but 1"):
        metric.update(1, [0.1, 0.2], [0])
    metric.update(2, [float("nan")], [1])
    with pytest.raises(ValueError, match="not finite"):
        metric.compute()


def boxes(count: int = 5):
    generator = np.random.default_rng(7)
    return [random_video(generator, tracks=k % 3, levels=5) for k in range(count)]


def test_collected_regions_equal_the_function():
    metric = RegionMetric(resamples=50, seed=3)
    for video in (4, 0, 2, 1, 3):
        metric.update(video, as_objects(boxes()[video]), as_regions(boxes()[video]))
    assert metric.compute() == region_metrics([match(as_objects(v), as_regions(v)) for v in boxes()], 50, 3)
    metric.reset()
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert metric.compute()["tbdc"].reason == "there are no videos"


def test_collected_alarms_equal_the_function():
    scores, labels = videos()
    metric, rule = AlarmMetric(AlarmRule(0.7, 10), resamples=100, seed=3), AlarmRule(0.7, 10)
    for video in (4, 0, 2, 1, 3):
        metric.update(video, torch.from_numpy(scores[video]), labels[video].tolist())
    found = metric.compute()
    assert found == false_alarms(scores, labels, rule, 100, 3)
    assert found["ci_low"] < found["ci_high"]
    metric.reset()
    metric.update(0, [0.1], [0])
    assert metric.compute()["reason"] == "every frame is labelled normal"


SECOND_PROCESS = """
import json, sys
import test_metric_classes as here
plan = json.load(sys.stdin)
print(json.dumps(here.answers(plan["store"], 1)))
"""

# shared out; one video given to both, as a padding sampler does; everything on one process
SHARES = [[[0, 2, 4], [1, 3]], [[0, 2, 4], [1, 3, 0]], [[], [0, 1, 2, 3, 4]]]


def values_of(numbers):
    """What the three classes make of these videos, and of those of the other processes."""
    scores, labels = videos()
    frames, alarms, regions = FrameLevelMetric(50), AlarmMetric(AlarmRule(0.7), 50), RegionMetric(50)
    for video in numbers:
        frames.update(video, scores[video], labels[video])
        alarms.update(video, scores[video], labels[video])
        regions.update(video, as_objects(boxes()[video]), as_regions(boxes()[video]))
    values = {name: value.to_json() for part in (frames, regions) for name, value in part.compute().items()}
    return {**values, "alarms": alarms.compute()}


def evaluations(numbers):
    """What a result holds; regions are given for these videos, `evaluate` shares videos out by itself."""
    objects, (_, labels) = [as_objects(video) for video in boxes()], videos()
    labels = [np.resize(truth, video.frames) for truth, video in zip(labels, objects, strict=True)]
    regions = RegionEvaluation(objects, {"box_width": [box_width(video) for video in objects]}, 50)
    for video in numbers:
        regions.add(video, as_regions(boxes()[video]))
    return [evaluate(objects, labels, StrictProtocol(0, "centred", 3), 50), regions.result("drawn")]


def answers(store, rank):
    """What a process of two has to say."""
    dist.init_process_group("gloo", store, datetime.timedelta(minutes=15), world_size=2, rank=rank)
    try:
        return [[values_of(share[rank]), evaluations(share[rank])] for share in SHARES]
    finally:
        dist.destroy_process_group()


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_two_processes_equal_one(tmp_path):
    expected = [values_of(range(5)), evaluations(range(5))]
    plan = {"store": f"file://{tmp_path / 'store'}"}
    command = [sys.executable, "-W", "ignore", "-c", SECOND_PROCESS]
    folders = [str(Path(file).parent) for file in (naive_regions.__file__, __file__)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as other:
        other.stdin.write(json.dumps(plan))
        other.stdin.close()
        here = answers(plan["store"], 0)
        there = json.loads(other.stdout.read())
    assert here == there == [expected] * 3
    assert expected[0]["alarms"]["ci_high"] > 0
