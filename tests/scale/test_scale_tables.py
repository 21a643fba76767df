"""The projection is the measured cost times the number of frames, and the tables show what was measured."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def campaign():
    spec = importlib.util.spec_from_file_location("scale_campaign", Path(__file__).with_name("campaign.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ROW = {
    "job": "prepare",
    "detector": "motion",
    "engine": "local",
    "processes": 1,
    "frames": 2000,
    "tubes": 70,
    "bytes": 2_000_000,
    "wall_s": 20.0,
    "frames_per_s": 100.0,
    "ms_per_frame": {"decode": 2.0, "detect": 4.5, "cpu": 10.0},
}


def test_a_thousand_hours_at_25_frames_a_second(campaign):
    project = campaign.projection(ROW)
    assert project["core_hours"] == pytest.approx(250)  # 90 million frames of 10 ms
    assert project["cores"] == pytest.approx(250 / 24)
    assert project["terabytes"] == pytest.approx(0.09)  # 1,000 bytes a frame


def test_tables_show_what_was_measured(campaign):
    memory = [{"job": "score", "frames": 6000, "peak_mb": 512.3}]
    text = campaign.tables({"rows": [ROW, {**ROW, "processes": 2, "frames_per_s": 190.0}], "memory": memory})
    assert "| prepare | motion | local | 2 | 190 | 2.00 | 4.50 | 10.00 |" in text
    assert "| prepare | motion | 250 | 10 | 0.090 TB |" in text
    assert "| score | 6,000 | 512 MB |" in text
    columns = {line.count("|") for line in text.splitlines()[:4]}
    assert len(columns) == 1
