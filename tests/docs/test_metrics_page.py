"""docs/metrics.md names every metric and every baseline, and gives what was measured."""

import json

import numpy as np
import pytest
from small_run import ROOT

from syrfa.datasets.regions import MIN_AREA
from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms
from syrfa.evaluation.metrics.frame_level import METRICS
from syrfa.evaluation.metrics.region_level import CHANCE_DRAWS, MIN_IOU, TRACK_SHARE

PAGE = (ROOT / "docs" / "metrics.md").read_text()


@pytest.mark.parametrize("name", [*METRICS, "rbdc", "tbdc", "box_width", "random_smoothed"])
def test_every_metric_and_baseline_is_there(name):
    assert f"`{name}`" in PAGE


def test_every_key_of_alarms_is_there():
    found = false_alarms([np.array([0.1, 0.9])], [np.array([0, 1])], AlarmRule())
    missing = [key for key in found if f"`{key}`" not in PAGE and key not in ("ci_low", "ci_high", "hours_of")]
    assert missing == []


def test_the_constants_are_those_of_the_code():
    assert (MIN_IOU, TRACK_SHARE, MIN_AREA, CHANCE_DRAWS) == (0.1, 0.1, 10, 10)
    assert AlarmRule().recall == 0.9


def test_speed_is_what_was_measured():
    rows = json.loads((ROOT / "experiments" / "results" / "bench_regions.json").read_text())["rows"]
    naive, ours, more = (
        rows[f"{key}, s"]
        for key in ("RBDC and TBDC, plain loop", "RBDC and TBDC, ours", "chance and 1,000 draws on top")
    )
    assert f"{ours:.2f} s against {naive:.2f} s; chance and 1,000 draws of videos take {more:.2f} s more" in PAGE
