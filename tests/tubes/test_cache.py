"""What a cache holds, and what it refuses."""

import json
import os
import pickle
import shutil
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.datasets.video import open_video
from syrfa.errors import CacheError, ConfigError, DetectionError, VideoError
from syrfa.tubes import TubeCache, TubeFilter, TubeSpec, build_cache, crop_tubes
from syrfa.utils.files import sealed, unsealed


def build(dataset, detector, root, split="test", spec=None):
    return build_cache(dataset, split, detector, spec or TubeSpec(), root, workers=1, progress=False)


def expected_tubes(dataset, detector, spec, split, frames_margin):
    """Every tube by a plain loop: all frames in memory, a box at a time."""
    tubes, rows = [], []
    for video, record in enumerate(dataset.videos(split)):
        frames = np.stack(list(open_video(record.path)))
        detector.start(dataset, record, len(frames), *frames.shape[1:3])
        for frame in range(frames_margin, len(frames) - frames_margin, spec.stride):
            found = detector.detect(np.empty((1, 0, 0, 3), np.uint8), frame)[0]
            for box, confidence, class_id in zip(found.xyxy, found.confidence, found.class_id, strict=True):
                if confidence > spec.min_confidence:
                    tubes.append(crop_tubes(frames, np.array([frame]), box[None], spec.frames, spec.size)[0])
                    rows.append((video, frame, *box, confidence, class_id))
    return np.stack(tubes), rows


@pytest.mark.parametrize(
    ("spec", "split", "margin"),
    [
        (TubeSpec(), "test", 3),
        (TubeSpec(), "train", 6),
        (TubeSpec(frames=5, size=32, stride=3, min_confidence=0.7), "train", 4),
        (TubeSpec(frames=1, size=16, margin=4, min_confidence=0), "test", 4),
    ],
)
def test_content_equals_plain_loop(dataset, tools, tmp_path, spec, split, margin):
    cache = build(dataset, tools.detector(), tmp_path / "cache", split, spec)
    tubes, rows = expected_tubes(dataset, tools.detector(), spec, split, margin)
    np.testing.assert_array_equal(cache.read(np.arange(len(cache))), tubes)
    index = cache.index
    columns = zip(index.video, index.frame, *index.xyxy.T, index.confidence, index.class_id, strict=True)
    assert [tuple(row) for row in columns] == rows
    assert index.xyxy.dtype == cache.label_table.overlap.dtype == index.confidence.dtype == np.float32
    assert (index.video.dtype, index.frame.dtype, index.class_id.dtype) == (np.int32, np.int32, np.int16)
    assert cache.channels == 1
    assert np.load(cache.folder / "v2.npy", mmap_mode="r").shape[1:] == (spec.frames, spec.size, spec.size, 1)


def test_overlaps_frame_labels_and_infos(dataset, tools, tmp_path):
    dataset.labels.pop("v2")
    cache = build(dataset, tools.detector(confidence=0.9), tmp_path / "cache")
    index = cache.index
    centre = (index.xyxy[:, 0] + index.xyxy[:, 2]) / 2
    abnormal = (index.video == 1) & (index.frame >= 8) & (index.frame <= 16)
    assert (cache.label_table.overlap[abnormal & (index.xyxy[:, 2] <= 28)] == 1).all()
    assert (cache.label_table.overlap[abnormal & (centre <= 28)] >= 0.5).all()
    assert (cache.label_table.overlap[~abnormal & (index.video < 2)] == 0).all()
    assert np.isnan(cache.label_table.overlap[index.video == 2]).all()
    rows = np.arange(len(cache))
    assert set(cache.labels(rows, TubeFilter()).tolist()) == {-1, 0, 1}
    half = cache.labels(rows, TubeFilter(min_overlap=0.5)) == 1
    assert 0 < half.sum() < (cache.labels(rows, TubeFilter()) == 1).sum()
    assert cache.frame_labels(1).tolist() == dataset.labels["v1"].tolist()
    assert cache.frame_labels(2) is None
    info = cache.video_infos[1]
    assert (info.name, info.frames, info.height, info.width, info.channels) == ("v1", 25, tools.height, tools.width, 1)


def test_colour_and_mixed_videos(dataset, tools, tmp_path):
    colour = tools.write_video(dataset.root / "test" / "v3", 20, seed=9, colour=True)
    faded = tools.write_video(dataset.root / "test" / "v4", 40, seed=10, colour=True)
    dark = np.zeros((tools.height, tools.width, 3), np.uint8)
    for number in range(18):  # more than the first batch is grey
        cv2.imwrite(str(dataset.root / "test" / "v4" / f"{number:03d}.png"), dark)
        faded[number] = 0
    cache = build(dataset, tools.detector(), tmp_path / "cache")
    assert [info.channels for info in cache.video_infos] == [1, 1, 1, 3, 3]
    index = cache.index
    for video, frames in ((3, colour), (4, faded)):
        rows = np.flatnonzero(index.video == video)
        expected = crop_tubes(frames, index.frame[rows].astype(np.int64), index.xyxy[rows])
        np.testing.assert_array_equal(cache.read(rows), expected)
    grey = cache.read(np.flatnonzero(index.video == 0))  # replicated, so that batches are of one shape
    assert grey.shape[-1] == 3
    assert (grey[..., :1] == grey).all()


def test_score_time_filter_leaves_the_files_alone(dataset, tools, tmp_path):
    cache = build(dataset, tools.detector(), tmp_path / "cache")
    before = tools.digests(cache.folder)
    assert len(cache.select(TubeFilter(min_confidence=0.8))) < len(cache.select(TubeFilter())) < len(cache)
    with pytest.raises(ConfigError, match=r"below the 0\.5"):
        cache.select(TubeFilter(min_confidence=0.4))
    assert tools.digests(cache.folder) == before


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory, tools):
    root = tmp_path_factory.mktemp("shared")
    fake = tools.dataset(root / "raw")
    for number in range(3):
        tools.write_video(fake.root / "test" / f"v{number}", 12 + number, seed=number)
    return build(fake, tools.detector(), root / "cache")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_read_gives_rows_in_the_order_asked_for(shared_cache, data):
    everything = shared_cache.read(np.arange(len(shared_cache)))
    rows = np.array(data.draw(st.lists(st.integers(0, len(shared_cache) - 1), max_size=12)), np.int64)
    np.testing.assert_array_equal(shared_cache.read(rows), everything[rows])


def test_many_shards_do_not_exhaust_descriptors(shared_cache, monkeypatch):
    monkeypatch.setattr("syrfa.tubes.cache._OPEN_SHARDS", 1)
    cache = TubeCache.open(shared_cache.folder)
    rows = np.arange(len(cache))[::-1].copy()
    np.testing.assert_array_equal(cache.read(rows), shared_cache.read(rows))
    assert len(cache._shards) == 1


def test_pickles_without_the_tubes(shared_cache):
    shared_cache.read(np.arange(3))
    packed = pickle.dumps(shared_cache)
    assert len(packed) < shared_cache.manifest["bytes"] / 10
    np.testing.assert_array_equal(pickle.loads(packed).read(np.arange(3)), shared_cache.read(np.arange(3)))


def test_key_follows_data_detector_and_spec(dataset, tools, tmp_path):
    root = tmp_path / "cache"
    first = build(dataset, tools.detector(), root)
    again = build(dataset, tools.detector(), root)
    assert again.folder == first.folder
    assert first.folder.name == f"fake-test-{first.key}"
    assert build(dataset, tools.detector(per_frame=2), root).key != first.key
    assert build(dataset, tools.detector(), root, spec=TubeSpec(size=32)).key != first.key
    assert build(dataset, tools.detector(), root, split="train").key != first.key
    tools.write_video(dataset.root / "test" / "v9", 20)
    changed = build(dataset, tools.detector(), root)
    assert changed.key != first.key
    assert len(changed.video_infos) == 4


def test_new_labels_are_read_without_a_box_or_a_tube_made_anew(dataset, tools, tmp_path):
    first = build(dataset, tools.detector(confidence=0.9), tmp_path / "cache")
    before = dataset.labels_hash("test")
    shards = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in first.folder.glob("*.npy")}
    dataset.labels["v0"][5:9] = 1
    dataset.track_lists["v0"] = [tools.track(8, 5, 8)]
    dataset.masks |= {("v0", frame): dataset.masks["v1", 0] for frame in range(20)}
    dataset.track_lists["v1"], dataset.labels["v1"] = [], np.zeros(25, np.uint8)
    with pytest.raises(CacheError, match="labels have changed since the last build; run syrfa prepare"):
        TubeCache.open(first.folder, labels=dataset.labels_hash("test"))
    detector = tools.detector(confidence=0.9)
    again = build(dataset, detector, tmp_path / "cache")
    assert (again.folder, detector.started) == (first.folder, [])
    assert {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in first.folder.glob("*.npy")} == shards
    fresh = build(dataset, tools.detector(confidence=0.9), tmp_path / "fresh")
    for name, column in vars(fresh.label_table).items():
        np.testing.assert_array_equal(getattr(again.label_table, name), column)
    assert again.frame_labels(0).tolist() == dataset.labels["v0"].tolist()
    assert set(again.index.video[again.label_table.overlap > 0]) == {0}
    assert set(first.index.video[first.label_table.overlap > 0]) == {1}

    old = TubeCache.open(first.folder, labels=before)
    np.testing.assert_array_equal(old.label_table.overlap, first.label_table.overlap)
    with pytest.raises(CacheError, match="open it with labels="):
        TubeCache.open(first.folder).frame_labels(0)


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_file_of_labels_is_written_anew(dataset, tools, tmp_path, damage):
    cache = build(dataset, tools.detector(), tmp_path / "cache")
    wanted = tools.digests(cache.folder)
    (file,) = cache.folder.glob("labels-*.npz")
    file.unlink() if damage is None else file.write_bytes(damage)
    with pytest.raises(CacheError, match="run syrfa prepare"):
        TubeCache.open(cache.folder, labels=dataset.labels_hash("test"))
    build(dataset, tools.detector(), tmp_path / "cache")
    assert tools.digests(cache.folder) == wanted


def rewrite_manifest(folder, change, seal=True):
    content = unsealed(json.loads((folder / "manifest.json").read_text()))
    change(content)
    (folder / "manifest.json").write_text(json.dumps(sealed(content) if seal else content))


DAMAGES = {
    "no folder": (shutil.rmtree, "does not exist; run syrfa prepare"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), r"not finished \(no manifest.json\); run syrfa prepare"),
    "broken manifest": (lambda f: (f / "manifest.json").write_text("{"), "manifest.json cannot be read"),
    "manifest of another kind": (lambda f: (f / "manifest.json").write_text("[]"), "manifest.json cannot be read"),
    "other schema": (lambda f: rewrite_manifest(f, lambda m: m.update(schema=99)), "its schema is 99"),
    "other identity": (lambda f: rewrite_manifest(f, lambda m: m["identity"].update(dataset="x")), "not fit its key"),
    "no seal": (lambda f: rewrite_manifest(f, lambda m: None, seal=False), r"manifest\.json has changed since it was"),
    "shard missing": (lambda f: (f / "v1.npy").unlink(), r"v1\.npy is missing"),
    "shard truncated": (lambda f: os.truncate(f / "v1.npy", 9000), r"v1\.npy has 9000 bytes instead of"),
    "index missing": (lambda f: (f / "index.npz").unlink(), r"index\.npz is missing"),
    "index truncated": (lambda f: os.truncate(f / "index.npz", 1000), r"index\.npz has changed"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused(dataset, tools, tmp_path, damage):
    folder = build(dataset, tools.detector(), tmp_path / "cache").folder
    action, message = DAMAGES[damage]
    action(folder)
    with pytest.raises(CacheError, match=message) as error:
        TubeCache.open(folder)
    assert "syrfa prepare" in str(error.value)
    assert "\n" not in str(error.value)
    if damage not in ("no folder", "no manifest"):  # a damaged cache is not mended silently
        with pytest.raises(CacheError, match=message):
            build(dataset, tools.detector(), tmp_path / "cache")


def test_renamed_folder_is_refused(dataset, tools, tmp_path):
    folder = build(dataset, tools.detector(), tmp_path / "cache").folder
    with pytest.raises(CacheError, match="does not fit its key"):
        TubeCache.open(folder.rename(folder.with_name("fake-test-000000000000")))


def test_no_boxes_and_no_tubes_are_refused(dataset, tools, tmp_path):
    with pytest.raises(DetectionError, match="not one box in 75 frames of 3 videos"):
        build(dataset, tools.detector(per_frame=0), tmp_path / "cache")
    with pytest.raises(DetectionError, match="none of 225 boxes became a tube"):
        build(dataset, tools.detector(confidence=0.4), tmp_path / "cache")
    with pytest.raises(DetectionError, match="none of"):
        build(dataset, tools.detector(), tmp_path / "cache", spec=TubeSpec(margin=20))


def test_a_video_without_tubes_is_no_error(dataset, tools, tmp_path):
    detector = tools.detector(boxes={("v0", 10): [[3, 3, 20, 20]], ("v0", 2): [[3, 3, 20, 20]]}, confidence=0.9)
    cache = build(dataset, detector, tmp_path / "cache")
    assert [info.tubes for info in cache.video_infos] == [1, 0, 0]
    assert [info.boxes for info in cache.video_infos] == [2, 0, 0]


def test_malformed_detections_are_refused(dataset, tools, tmp_path):
    detector = tools.detector(boxes={("v0", 10): [[3, np.nan, 20, 20]]}, confidence=0.9)
    with pytest.raises(DetectionError, match="frame 10 has a box"):
        build(dataset, detector, tmp_path / "cache")
    detector = tools.detector()
    detector.detect = lambda frames, first: []
    with pytest.raises(DetectionError, match="0 detections for 16 frames"):
        build(dataset, detector, tmp_path / "cache")


def test_damaged_video_leaves_no_half_shard(dataset, tools, tmp_path):
    (dataset.root / "test" / "v1" / "012.png").write_bytes(b"no image")
    with pytest.raises(VideoError, match=r"012\.png"):
        build(dataset, tools.detector(), tmp_path / "cache")
    (folder,) = (tmp_path / "cache").iterdir()
    assert sorted(p.name for p in folder.iterdir()) == [".lock", "job.json", "parts", "v0.npy", "v2.npy"]


def test_finished_videos_are_not_done_again(dataset, tools, tmp_path):
    whole = build(dataset, tools.detector(), tmp_path / "cache")
    wanted = tools.digests(whole.folder)
    (whole.folder / "manifest.json").unlink()
    (whole.folder / "index.npz").unlink()
    (whole.folder / "parts" / "v1.json").unlink()
    detector = tools.detector()
    build(dataset, detector, tmp_path / "cache")
    assert [name for name, *_ in detector.started] == ["v1"]
    assert tools.digests(whole.folder) == wanted


def test_memory_does_not_grow_with_the_video(dataset, tools, tmp_path):
    def peak(frames):
        fake = tools.dataset(tmp_path / f"raw{frames}")
        tools.write_video(fake.root / "test" / "long", frames)
        tracemalloc.start()
        build(fake, tools.detector(per_frame=2), tmp_path / f"cache{frames}")
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(40)
    short, long = peak(60), peak(240)
    tubes = 180 * 2 * 7 * 64 * 64 * 0.7
    assert long - short < tubes / 10
