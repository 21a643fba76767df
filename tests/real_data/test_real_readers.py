"""The readers and detectors on the real files named by SYRFA_SHARED_DATA."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from syrfa.datasets import Avenue, ShanghaiTech, UBnormal, UCSDPed2
from syrfa.datasets.images import read_image
from syrfa.datasets.published import PUBLISHED
from syrfa.datasets.ubnormal import _LISTS
from syrfa.datasets.video import frame_count, open_video
from syrfa.detection import FileDetector, MotionDetector, UltralyticsDetector

ROOT = Path(os.environ.get("SYRFA_SHARED_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")
pytestmark = pytest.mark.real_data


def need(name):
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"{name} is not in SYRFA_SHARED_DATA ({ROOT})")
    return path


def all_boxes(detector, dataset, record):
    frames = frame_count(record.path)
    detector.start(dataset, record, frames, 240, 360)
    return detector.detect(np.zeros((frames, 0, 0, 3), np.uint8), 0)


def iou(a, b):
    size = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    common = np.clip(size, 0, None).prod(axis=2)
    area = [(x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b)]
    return common / (area[0][:, None] + area[1][None] - common)


def test_ped2_counts_and_labels():
    dataset = UCSDPed2(need("ped2"))
    train, test = dataset.videos("train"), dataset.videos("test")
    assert (len(train), len(test)) == (16, 12)
    assert sum(frame_count(v.path) for v in train) == 2550
    assert sum(frame_count(v.path) for v in test) == 2010
    labels = np.concatenate([dataset.frame_labels(v) for v in test])
    assert labels.sum() == 1648
    with np.load(need("ped2/ped2_gt_masks_packed.npz"), allow_pickle=False) as file:
        assert np.array_equal(labels.astype(bool), file["frame_labels"])
    frames = list(open_video(test[0].path, expected=180))
    assert {f.shape for f in frames} == {(240, 360, 1)}


def test_ped2_script_and_mat_file_agree(tmp_path):
    source = need("ped2")
    dataset = UCSDPed2(source)
    for split in ("training", "testing"):
        (tmp_path / split).symlink_to(source / split)
    shutil.copy(source / "UCSDped2.m", tmp_path)
    other = UCSDPed2(tmp_path)
    for a, b in zip(dataset.videos("test"), other.videos("test"), strict=True):
        assert np.array_equal(dataset.frame_labels(a), other.frame_labels(b))


def test_ped2_official_masks(tmp_path):
    """Masks as released beside frames under the official names."""
    source, sample = need("ped2"), need("ped2_official_sample")
    base = tmp_path / "UCSDped2"
    for split, short in (("training", "Train"), ("testing", "Test")):
        (base / short).mkdir(parents=True)
        for folder in (source / split / "frames").iterdir():
            (base / short / f"{short}0{folder.name}").symlink_to(folder)
    for folder in sample.iterdir():
        (base / "Test" / folder.name).symlink_to(folder)
    shutil.copy(source / "UCSDped2.m", base / "Test")
    dataset = UCSDPed2(tmp_path)
    with np.load(need("ped2/ped2_gt_masks_packed.npz"), allow_pickle=False) as file:
        packed, width = file["packed"], int(file["shape"][2])
    start = 0
    for record in dataset.videos("test"):
        labels = dataset.frame_labels(record)
        if record.annotations is not None:
            for frame in (0, 60, 100, 179):
                mask = dataset.pixel_mask(record, frame)
                assert np.array_equal(mask, np.unpackbits(packed[start + frame])[: mask.size].reshape(-1, width))
                assert mask.any() == labels[frame]
        start += len(labels)
    detector = FileDetector(need("ped2_yolov3_detections") / "{split}.npz")
    assert sum(len(d) for v in dataset.videos("test") for d in all_boxes(detector, dataset, v)) == 39834


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize(("split", "margin", "expected"), [("train", 6, 27660), ("test", 3, 31925)])
def test_published_boxes(split, margin, expected, clip):
    dataset = UCSDPed2(need("ped2"))
    detector = FileDetector(need("ped2_yolov3_detections") / "{split}.npz", clip=clip)
    count = 0
    for record in dataset.videos(split):
        found = all_boxes(detector, dataset, record)
        count += sum(int((d.confidence > 0.5).sum()) for d in found[margin : len(found) - margin])
    assert count == expected


def test_yolo_against_published_boxes():
    """16 frames of test video: the published boxes above 0.5 are the reference, IoU 0.5 a match."""
    pytest.importorskip("onnxruntime")
    dataset = UCSDPed2(need("ped2"))
    network = UltralyticsDetector(need("yolo/yolov8n_coco_int8.onnx"), device="cpu")
    published = FileDetector(need("ped2_yolov3_detections") / "{split}.npz")
    hits = np.zeros(4)
    for record in dataset.videos("test")[::3]:
        boxes = all_boxes(published, dataset, record)
        for frame in range(10, len(boxes), len(boxes) // 4)[:4]:
            image = read_image(sorted(record.path.iterdir())[frame])
            found = network.detect(np.broadcast_to(image[None], (1, 240, 360, 3)), frame)[0].xyxy
            wanted = boxes[frame].xyxy[boxes[frame].confidence > 0.5]
            match = iou(wanted, found) >= 0.5
            hits += match.any(axis=1).sum(), len(wanted), match.any(axis=0).sum(), len(found)
    assert hits[0] / hits[1] > 0.7, "recall"
    assert hits[2] / hits[3] > 0.8, "precision"


def test_motion_on_ped2():
    """Far from a network, but it must find most lone walkers: a third of the boxes at IoU 0.3, mostly rightly."""
    dataset = UCSDPed2(need("ped2"))
    record = dataset.videos("train")[0]
    published = all_boxes(FileDetector(need("ped2_yolov3_detections") / "{split}.npz"), dataset, record)
    detector = MotionDetector()
    detector.start(dataset, record, 120, 240, 360)
    found = detector.detect(np.stack(list(open_video(record.path))), 0)
    hits = np.zeros(4)
    for wanted, got in list(zip(published, found, strict=True))[20:]:
        match = iou(wanted.xyxy[wanted.confidence > 0.5], got.xyxy) >= 0.3
        hits += match.any(axis=1).sum(), len(match), match.any(axis=0).sum(), len(got)
    assert hits[0] / hits[1] > 0.4
    assert hits[2] / hits[3] > 0.6


def test_ubnormal_clips(tmp_path):
    source = need("ubnormal")
    (tmp_path / "scripts").mkdir()
    clips = sorted((source / "videos").glob("*.mp4"))
    names = {kind: [c.stem for c in clips if c.stem.startswith(kind)] for kind in ("normal", "abnormal")}
    for kind, listed in names.items():
        for split in _LISTS.values():
            (tmp_path / "scripts" / f"{kind}_{split}_video_names.txt").write_text("\n".join(listed))
    for clip in clips:
        folder = tmp_path / f"Scene{clip.stem.split('_')[2]}"
        folder.mkdir(exist_ok=True)
        (folder / clip.name).symlink_to(clip)
    (tmp_path / "gt").symlink_to(source / "gt")
    dataset = UBnormal(tmp_path)
    for record in dataset.videos("train"):
        labels = dataset.frame_labels(record)
        assert labels.shape == (451,)
        assert labels.any() == record.name.startswith("abnormal")


def test_ubnormal_lists_and_labels_of_the_release():
    source = need("ubnormal")
    dataset = UBnormal(source)
    counts = {split: dataset._names(split) for split in dataset.splits}
    assert {split: len(names) for split, names in counts.items()} == {"train": 268, "validation": 64, "test": 211}
    vectors, tracks = 0, 0
    for split, names in counts.items():
        for record in (dataset._record(name, split) for name in names):
            abnormal = record.name.startswith("abnormal")
            if split != "test":
                tracks += bool(dataset.tracks(record)) if abnormal else 0
                continue
            file = source / "gt" / f"{record.name}_tracks.txt"
            frames = len(np.load(file, allow_pickle=False))
            labels = dataset.frame_labels(replace(record, frames=frames))  # the videos themselves are not at hand
            assert labels.any() == abnormal
            vectors += 1
    assert (tracks, vectors) == (120, 211)


def test_decoded_lengths_of_real_videos():
    assert frame_count(need("video/vtest_480x360.avi")) == 795
    for name, frames in (("01_0014", 265), ("01_0015", 433)):
        found = [p for p in need("shanghaitech/clips").rglob(f"{name}*") if p.is_file()]
        assert [frame_count(p) for p in found] == [frames]


def test_shanghaitech_clips_and_masks():
    dataset = ShanghaiTech(need("shanghaitech"))
    with pytest.warns(UserWarning, match="of 107 clips"):
        records = {record.name: record for record in dataset.videos("test")}
    # the masks of all 107 clips are there, so this compares their sum with the published one too
    for name, frames, first, last in (("01_0014", 265, 154, 229), ("01_0015", 433, 86, 373)):
        labels = dataset.frame_labels(records[name])
        assert len(labels) == frames
        assert np.flatnonzero(labels).tolist() == list(range(first, last + 1))


def test_yolo_on_shanghaitech():
    """A frame with five people, one of them small and half hidden, and the bicycle that makes the clip abnormal."""
    pytest.importorskip("onnxruntime")
    network = UltralyticsDetector(need("yolo/yolov8n_coco_int8.onnx"), device="cpu")
    frames = list(open_video(need("shanghaitech/clips/01_0014.mp4")))
    (found,) = network.detect(np.stack([frames[192]]), 192)
    assert (found.class_id[found.confidence > 0.5] == 0).sum() >= 4
    bicycles = found.xyxy[(found.class_id == 1) & (found.confidence > 0.5)]
    assert iou(np.array([[460, 165, 555, 223]], np.float32), bicycles).max() > 0.7


def test_ped2_is_the_copy_that_committed_results_name():
    dataset = UCSDPed2(need("ped2"))
    assert dataset.manifest_hash("train") == "e4b01fa977af5fb2320f3d0d552a1e902055bd12597b603b731bb32e864a8d4e"
    assert dataset.manifest_hash("test") == "41862a8c062d82da0003f5b4a322776cf9acf93c351d375634c9a377bf553d71"


def test_ped2_labels_of_the_official_masks(tmp_path):
    """Two videos and their masks alone, without a label file: the labels are those of the script."""
    source, sample = need("ped2"), need("ped2_official_sample")
    (tmp_path / "Train").mkdir()
    (tmp_path / "Test").mkdir()
    for number in ("01", "02"):
        (tmp_path / "Test" / f"Test0{number}").symlink_to(source / "testing" / "frames" / number)
        (tmp_path / "Test" / f"Test0{number}_gt").symlink_to(sample / f"Test0{number}_gt")
    dataset, labelled = UCSDPed2(tmp_path), UCSDPed2(source)
    first, second = dataset.videos("test")
    with pytest.warns(UserWarning, match="no label file"):
        found = dataset.frame_labels(first)
    for labels, other in zip((found, dataset.frame_labels(second)), labelled.videos("test")[:2], strict=True):
        assert np.array_equal(labels, labelled.frame_labels(other))


def test_avenue_masks_of_the_release(tmp_path):
    """All 21 mask files have as many masks as frames were published, 3,712 with a pixel; no video is at hand."""
    folder = need("avenue/testing_label_mask")
    (tmp_path / "testing_videos").mkdir()
    (tmp_path / "testing_label_mask").symlink_to(folder)
    for number in range(1, 22):
        (tmp_path / "testing_videos" / f"{number:02d}.avi").touch()
    dataset = Avenue(tmp_path)
    facts = PUBLISHED["avenue"].splits["test"].per_video
    assert sum(video.frames for video in facts.values()) == 15_324
    records = [replace(record, frames=facts[record.name].frames) for record in dataset.videos("test")]
    assert sum(int(dataset.frame_labels(record).sum()) for record in records) == 3_712
    shortest = min(records, key=lambda record: record.frames)
    expected = loadmat(folder / f"{int(shortest.name)}_label.mat")["volLabel"].ravel()
    for frame, mask in enumerate(expected):
        assert np.array_equal(dataset.pixel_mask(shortest, frame), mask > 0)
    assert dataset.pixel_mask(shortest, 0).shape == (360, 640)


def test_shanghaitech_layout_is_described():
    with pytest.warns(UserWarning, match="of 107 clips"):
        told = ShanghaiTech(need("shanghaitech")).describe_layout()
    assert "2 of 107 clips" in told
    assert "proved: 17,326 of 40,791 frames are 1" in told
