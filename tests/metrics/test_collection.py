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
from syrfa.metrics import METRICS, FrameLevelMetric, RegionMetric, bootstrap_intervals, match, region_metrics


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
        assert (value.ci_low, value.ci_high) == (intervals[name].low, intervals[name].high)


def test_nothing_or_one_class_is_undefined():
    metric = FrameLevelMetric()
    metric.update(0, [0.1, 0.2], [0, 0])
    assert all(value.value is None and "normal" in value.reason for value in metric.compute().values())
    metric.reset()
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert metric.compute()["micro_auroc"].reason == "there are no videos"


def test_reset_forgets():
    metric = FrameLevelMetric(resamples=0)
    metric.update(0, [0.9, 0.1], [0, 1])
    assert metric.compute()["micro_auroc"].value == 0.0
    metric.reset()
    metric.update(0, [0.1, 0.9], [0, 1])
    assert metric.compute()["micro_auroc"].value == 1.0


def test_scores_keep_double_precision():
    metric = FrameLevelMetric(resamples=0)
    metric.update(0, [1.0, 1.0 + 1e-12], [0, 1])
    assert metric.compute()["micro_auroc"].value == 1.0


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


def test_a_video_of_boxes_is_given_once():
    metric, video = RegionMetric(), boxes()[1]
    metric.update(1, as_objects(video), as_regions(video))
    with pytest.raises(ValueError, match="video 1 was already given"):
        metric.update(1, as_objects(video), as_regions(video))


SECOND_PROCESS = """
import datetime, json, sys
import torch.distributed as dist
from naive_regions import as_objects, as_regions
from syrfa.metrics import FrameLevelMetric, RegionMetric
plan = json.load(sys.stdin)
dist.init_process_group("gloo", plan["store"], datetime.timedelta(seconds=90), world_size=2, rank=1)
answers = []
for shares in plan["shares"]:
    metric = FrameLevelMetric(resamples=50)
    for video in shares[1]:
        metric.update(video, plan["scores"][video], plan["labels"][video])
    regions = RegionMetric(resamples=50)
    for video in shares[1]:
        frames, boxes, tracks = plan["boxes"][video]
        case = frames, boxes, [dict(track) for track in tracks]
        regions.update(video, as_objects(case), as_regions(case))
    answers.append({name: value.to_json() for part in (metric, regions) for name, value in part.compute().items()})
print(json.dumps(answers))
dist.destroy_process_group()
"""


def values_of(videos_here, scores, labels):
    metric = FrameLevelMetric(resamples=50)
    for video in videos_here:
        metric.update(video, scores[video], labels[video])
    regions = RegionMetric(resamples=50)
    for video in videos_here:
        regions.update(video, as_objects(boxes()[video]), as_regions(boxes()[video]))
    return {name: value.to_json() for part in (metric, regions) for name, value in part.compute().items()}


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_two_processes_equal_one(tmp_path):
    scores, labels = videos()
    expected = values_of(range(5), scores, labels)
    # shared out; one video given to both, as a padding sampler does; everything on one process
    shares = [[[0, 2, 4], [1, 3]], [[0, 2, 4], [1, 3, 0]], [[], [0, 1, 2, 3, 4]]]
    store = f"file://{tmp_path / 'store'}"
    plan = {"store": store, "shares": shares, "scores": [s.tolist() for s in scores]}
    plan["labels"] = [t.tolist() for t in labels]
    plan["boxes"] = [(f, b, [sorted(track.items()) for track in tracks]) for f, b, tracks in boxes()]
    command = [sys.executable, "-W", "ignore", "-c", SECOND_PROCESS]
    paths = os.pathsep.join([str(Path(naive_regions.__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as other:
        other.stdin.write(json.dumps(plan))
        other.stdin.close()
        dist.init_process_group("gloo", store, datetime.timedelta(seconds=90), world_size=2, rank=0)
        try:
            here = [values_of(share[0], scores, labels) for share in shares]
        finally:
            dist.destroy_process_group()
        there = json.loads(other.stdout.read())
    assert here == there == [expected] * 3
