"""UBnormal in the layout of the release, written small."""

import cv2
import numpy as np
import pytest
from dataset_trees import one_line
from small_releases import write_video

from syrfa.datasets import Track, UBnormal, VideoDataset
from syrfa.errors import ConfigError, DataNotFoundError, LabelError

FRAMES = 6
NORMAL, ABNORMAL = "normal_scene_2_scenario_3", "abnormal_scene_11_scenario_3_fog"
LISTS = ("training", "validation", "test")


def write_scene(root, name):
    folder = root / f"Scene{name.split('_')[2]}"
    write_video(folder / f"{name}.mp4", FRAMES, codec="mp4v")
    annotations = folder / f"{name}_annotations"
    annotations.mkdir()
    for i in range(FRAMES):
        mask = np.zeros((48, 64), np.uint8)
        mask[10:20, 5 + i : 12 + i] = 4
        cv2.imwrite(str(annotations / f"{name}_{i:04d}_gt.png"), mask)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "scripts").mkdir()
    for kind, name in (("normal", NORMAL), ("abnormal", ABNORMAL)):
        for split in LISTS:
            text = f"{name}\r\n\r\n" if split == "training" else ""
            (tmp_path / "scripts" / f"{kind}_{split}_video_names.txt").write_text(text)
        write_scene(tmp_path, name)
    annotations = tmp_path / "Scene11" / f"{ABNORMAL}_annotations"
    (annotations / f"{ABNORMAL}_tracks.txt").write_text("4,1,2\r\n7.000000000000000000e+00,2.0e+00,4.0e+00\r\n")
    return tmp_path


@pytest.fixture
def abnormal(root):
    return next(r for r in UBnormal(root).videos("train") if r.name == ABNORMAL)


def test_videos_labels_tracks_and_masks(root):
    dataset: VideoDataset = UBnormal(root)
    videos = dataset.videos("train")
    assert [v.name for v in videos] == sorted([NORMAL, ABNORMAL])
    by_name = {v.name: v for v in videos}
    assert dataset.frame_labels(by_name[NORMAL]).tolist() == [0] * FRAMES
    assert dataset.tracks(by_name[NORMAL]) == []
    assert dataset.frame_labels(by_name[ABNORMAL]).tolist() == [0, 1, 1, 1, 1, 0]
    assert dataset.tracks(by_name[ABNORMAL]) == [Track(4, 1, 2), Track(7, 2, 4)]
    mask = dataset.id_mask(by_name[ABNORMAL], 3)
    assert mask.dtype == np.int32
    assert mask[15, 10] == 4
    assert (mask > 0).sum() == 70
    assert dataset.id_mask(by_name[ABNORMAL], FRAMES) is None


def test_new_tracks_go_first_wherever_they_are(root, abnormal):
    (root / "gt").mkdir()
    (root / "gt" / f"{ABNORMAL}_new_tracks.txt").write_text("4,0,0\n")
    assert UBnormal(root).frame_labels(abnormal).tolist() == [1, 0, 0, 0, 0, 0]


def test_length_comes_from_the_video_where_there_are_no_masks(root, abnormal):
    file = root / "Scene11" / f"{ABNORMAL}_annotations" / f"{ABNORMAL}_tracks.txt"
    file.rename(root / "Scene11" / file.name)
    for mask in abnormal.annotations.iterdir():
        mask.unlink()
    abnormal.annotations.rmdir()
    (record,) = (r for r in UBnormal(root).videos("train") if r.name == ABNORMAL)
    assert record.annotations is None
    assert UBnormal(root).frame_labels(record).tolist() == [0, 1, 1, 1, 1, 0]


def test_scenes_in_a_folder_videos(root):
    (root / "videos").mkdir()
    for scene in ("Scene2", "Scene11"):
        (root / scene).rename(root / "videos" / scene)
    dataset = UBnormal(root)
    abnormal, normal = dataset.videos("train")
    assert dataset.frame_labels(abnormal).tolist() == [0, 1, 1, 1, 1, 0]
    assert not dataset.frame_labels(normal).any()
    assert dataset.id_mask(abnormal, 3)[15, 10] == 4


def test_what_is_there_is_described(root, abnormal):
    told = UBnormal(root).describe_layout()
    assert "train: 2 of 268 videos" in told
    assert "validation: " in told
    assert "1 files of tracks (0 of them corrected, _new_tracks.txt), 0 vectors" in told
    assert "object ids of 2 of 2 videos" in told
    (abnormal.annotations / f"{ABNORMAL}_tracks.txt").rename(root / "Scene11" / f"{ABNORMAL}_new_tracks.txt")
    assert "(1 of them corrected" in UBnormal(root).describe_layout()
    (root / "Scene11" / f"{ABNORMAL}_new_tracks.txt").unlink()
    assert "1 abnormal videos have neither" in UBnormal(root).describe_layout()
    with pytest.raises(DataNotFoundError, match="scripts"):
        UBnormal(root / "none").describe_layout()


def replace_tracks(record, content):
    file = record.annotations / f"{record.name}_tracks.txt"
    if isinstance(content, str):
        file.write_text(content)
    else:
        with file.open("wb") as stream:
            np.save(stream, np.asarray(content))
    return file


def test_vector_named_txt_is_inverted(root, abnormal):
    replace_tracks(abnormal, [1.0, 0, 0, 1, 1, 1])
    dataset = UBnormal(root)
    assert dataset.frame_labels(abnormal).tolist() == [0, 1, 1, 0, 0, 0]
    assert dataset.tracks(abnormal) == []


@pytest.mark.parametrize(
    "content",
    [
        [1.0] * FRAMES,  # nothing abnormal in an abnormal video
        [1.0, 0, 0, 1, 1],  # too short
        [1.0, 0, 0, 1, 1, 1, 1],  # too long
        [1.0, 0.5, 0, 1, 1, 1],
        [[1.0, 0, 0, 1, 1, 1]],
        np.array([{}] * FRAMES, dtype=object),  # would need a pickle
        "",
        "4,1\n",
        "4,1,2,3\n",
        "4,one,2\n",
        "4,1.5,2\n",
        "4,3,2\n",
        "4,-1,2\n",
        "0,1,2\n",
        "4,1,1e300\n",
        "1e30,1,2\n",
        "4,1,nan\n",
        "4,\0,2\n",
        "9" * 5000 + ",1,2\n",
        f"4,1,{FRAMES}\n",  # beyond the end
    ],
)
def test_bad_tracks(root, abnormal, content):
    file = replace_tracks(abnormal, content)
    with pytest.raises(LabelError) as error:
        UBnormal(root).frame_labels(abnormal)
    one_line(error, file)


def test_inverted_vector_of_a_normal_video_is_noticed(root):
    record = next(r for r in UBnormal(root).videos("train") if r.name == NORMAL)
    file = replace_tracks(record, [0.0] * FRAMES)
    with pytest.raises(LabelError) as error:
        UBnormal(root).frame_labels(record)
    one_line(error, file, "1 = normal")


def test_abnormal_video_without_tracks(root, abnormal):
    (abnormal.annotations / f"{ABNORMAL}_tracks.txt").unlink()
    for call in (UBnormal(root).frame_labels, UBnormal(root).tracks):
        with pytest.raises(DataNotFoundError) as error:
            call(abnormal)
        one_line(error, f"{ABNORMAL}_tracks.txt")


def test_missing_videos_are_counted(root):
    (root / "Scene2" / f"{NORMAL}.mp4").unlink()
    with pytest.raises(DataNotFoundError) as error:
        UBnormal(root).videos("train")
    one_line(error, root / "Scene2" / f"{NORMAL}.mp4", "1 of 2")


@pytest.mark.parametrize("case", ["no root", "empty split", "strange name"])
def test_bad_roots(root, case):
    where, split = root, "train"
    if case == "no root":
        where = root / "nowhere"
    elif case == "empty split":
        split = "validation"
    else:
        (root / "scripts" / "normal_training_video_names.txt").write_text("../../etc/passwd\n")
    with pytest.raises(DataNotFoundError) as error:
        UBnormal(where).videos(split)
    one_line(error, where / "scripts")


def test_unknown_split(root):
    with pytest.raises(ConfigError, match="validation"):
        UBnormal(root).videos("val")


def test_manifest_notices_changed_tracks(root, abnormal):
    dataset = UBnormal(root)
    before = dataset.manifest_hash("train")
    assert dataset.manifest_hash("train") == before
    replace_tracks(abnormal, "4,1,3\r\n7.000000000000000000e+00,2.0e+00,4.0e+00\r\n")
    assert dataset.manifest_hash("train") != before
