"""The published facts agree with the manifests of the repository, and with the real label files where these are."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_run import ROOT

from syrfa.datasets.published import PUBLISHED, video_key

MANIFESTS = sorted((ROOT / "data" / "manifests").glob("*.json"))


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_manifest_and_published_facts_agree(file: Path) -> None:
    manifest = json.loads(file.read_text())
    published = PUBLISHED[manifest["dataset"]]
    assert set(manifest["splits"]) == set(published.splits)
    if "frame_size" in manifest:
        size = manifest["frame_size"]
        assert published.size == (size["width"], size["height"])
    if "published" in manifest:
        assert published.frames == manifest["published"]["frames"]
    for split, counts in manifest["splits"].items():
        facts = published.splits[split]
        assert facts.videos == counts["videos"]
        assert facts.frames is None or facts.frames == counts.get("frames", facts.frames)
        assert facts.abnormal_frames == counts.get("abnormal_frames")
        rows = {video["name"]: video for video in counts.get("per_video", [])}
        assert set(rows) == set(facts.per_video)
        for name, video in rows.items():
            known = facts.per_video[name]
            assert (known.frames, known.abnormal) == (video["frames"], video.get("abnormal_frames", 0))


@pytest.mark.parametrize(
    ("key", "split"), [("ped2", "train"), ("ped2", "test"), ("shanghaitech", "test"), ("avenue", "test")]
)
def test_a_split_is_the_sum_of_its_videos(key: str, split: str) -> None:
    facts = PUBLISHED[key].splits[split]
    assert facts.videos == len(facts.per_video)
    assert facts.frames == sum(video.frames for video in facts.per_video.values())
    assert (facts.abnormal_frames or 0) == sum(video.abnormal for video in facts.per_video.values())


@pytest.mark.parametrize("key", PUBLISHED)
def test_reader_and_published_facts_agree(key: str) -> None:
    published = PUBLISHED[key]
    for split, videos in published.reader.released.items():
        assert published.splits[split].videos == videos
    text = (ROOT / "lightning_config" / "data" / f"{key}.yaml").read_text()
    assert f"syrfa.datasets.{published.reader.__name__}" in text


@pytest.mark.real_data
def test_shanghaitech_table_is_that_of_the_masks(shared_data: Path) -> None:
    facts = PUBLISHED["shanghaitech"].splits["test"].per_video
    for name, video in facts.items():
        mask = np.load(shared_data / "shanghaitech" / "test_frame_mask" / f"{name}.npy", allow_pickle=False)
        assert (len(mask), int(mask.sum())) == (video.frames, video.abnormal)
        assert int(np.argmax(mask)) == video.first


def test_names_of_videos() -> None:
    assert [video_key("ped2", name) for name in ("Test001", "01", "1", "Train016")] == ["01", "01", "01", "16"]
    assert video_key("shanghaitech", "01_0014") == "01_0014"
