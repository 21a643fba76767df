"""UBnormal, whose reader takes a split whole or not at all: the doctor says what is there all the same."""

import pytest
from small_releases import write_video

from syrfa.datasets.check import examine

NAMES = {
    "normal_training": ["normal_scene_1_scenario_1"],
    "abnormal_training": ["abnormal_scene_1_scenario_2"],
    "normal_validation": ["normal_scene_2_scenario_1"],
    "abnormal_validation": ["abnormal_scene_2_scenario_2"],
    "normal_test": ["normal_scene_3_scenario_1"],
    "abnormal_test": ["abnormal_scene_3_scenario_2"],
}


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "scripts").mkdir()
    for kind, names in NAMES.items():
        (tmp_path / "scripts" / f"{kind}_video_names.txt").write_text("\n".join(names))
        for name in names:
            scene = tmp_path / f"Scene{name.split('_')[2]}"
            write_video(scene / f"{name}.mp4", 15, codec="mp4v")
            if name.startswith("abnormal"):
                (scene / f"{name}_tracks.txt").write_text("1,3,9\n")
    return tmp_path


def look(root):
    return examine("ubnormal", root, workers=1)


def test_what_is_there_is_counted(copy):
    found = look(copy)
    assert {split: report.frames for split, report in found.splits.items()} == dict.fromkeys(found.splits, 30)
    assert {split: report.abnormal_frames for split, report in found.splits.items()} == dict.fromkeys(found.splits, 7)
    assert any("2 of 268 videos" in str(f) for f in found.findings)


def test_a_listed_video_that_is_missing(copy):
    (copy / "Scene1" / "normal_scene_1_scenario_1.mp4").unlink()
    found = look(copy)
    assert found.splits["train"].videos == 1
    assert any(f.level == "problem" and "normal_scene_1_scenario_1.mp4" in str(f) for f in found.findings)


def test_a_track_that_ends_after_the_video(copy):
    (copy / "Scene3" / "abnormal_scene_3_scenario_2_tracks.txt").write_text("1,3,15\n")
    found = look(copy)
    assert any(f.level == "problem" and "ends in frame 15, the video has 15 frames" in str(f) for f in found.findings)
