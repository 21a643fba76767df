"""Faults of a ShanghaiTech copy: masks that do not fit, and the re-split with anomalies to train on."""

import numpy as np
import pytest
from small_releases import published_mask, write_frames, write_shanghaitech, write_video

from syrfa.datasets.check import examine


@pytest.fixture
def copy(tmp_path):
    return write_shanghaitech(tmp_path)


def texts(root, level="problem", fast=True):
    found = examine("shanghaitech", root, fast=fast, workers=1)
    return [str(finding) for finding in found.findings if finding.level == level]


def test_a_part_of_the_release_is_usable(copy):
    assert texts(copy) == []
    notes = texts(copy, "note")
    assert any("2 of 107 videos" in text and "01_0014" in text for text in notes)
    assert any("train: not there" in text and "svip-lab" in text for text in notes)
    assert any("140 of 410 frames abnormal" in text for text in texts(copy, "ok"))


def test_a_mask_one_longer_than_its_clip(copy):
    mask = published_mask("01_0063")
    np.save(copy / "testing" / "test_frame_mask" / "01_0063.npy", np.append(mask, 0))
    (refused,) = texts(copy)
    assert "194 labels, the video has 193 frames" in refused


def test_a_clip_one_shorter_than_published(copy):
    clip = copy / "testing" / "frames" / "01_0063"
    (clip / "192.jpg").unlink()
    found = texts(copy)
    assert any("01_0063 has 192 frames for 193" in text for text in found)
    assert any("193 labels, the video has 192 frames" in text for text in found)


def test_inverted_masks_are_known_from_two_clips(copy):
    for name in ("01_0063", "06_0153"):
        np.save(copy / "testing" / "test_frame_mask" / f"{name}.npy", 1 - published_mask(name))
    assert any("inverted, 1 = normal, in all 2 videos" in text for text in texts(copy))


def test_a_missing_mask(copy):
    (copy / "testing" / "test_frame_mask" / "06_0153.npy").unlink()
    assert any("06_0153.npy" in text and "mask" in text for text in texts(copy))


def test_a_damaged_video_file(copy):
    video = copy / "training" / "videos" / "01_001.avi"
    write_video(video, 30)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert any("train 01_001" in text and "01_001.avi" in text for text in texts(copy, fast=False))


def test_lists_only_does_not_open_video_files(copy):
    video = copy / "training" / "videos" / "01_001.avi"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"no video")
    assert texts(copy) == []


def test_test_clips_in_the_training_folder(copy):
    write_frames(copy / "training" / "frames" / "01_001", 13)
    write_frames(copy / "training" / "frames" / "01_0028", 13)
    (found,) = texts(copy)
    assert "1 of 2 videos are of the other split (01_0028)" in found
    assert "Zhong" in found
