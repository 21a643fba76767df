"""Data that cannot be used: exit code 2, one line that names the place, and never a finished cache."""

import json
import re
import shutil
import zipfile

import cv2
import numpy as np
import pytest
from small_run import DATA, DEMO

from syrfa.__main__ import main

TARGET = ["prepare", *DEMO, "--data.prepare_workers=1", "--data.source=null", "--data.train_on=target"]
SOURCE = ["prepare", *DEMO, "--data.prepare_workers=1", "--data.target=null", "--data.test_on=source"]
SOURCE += ["--data.predict_on=source"]
TEST = ["test", f"--config={DATA / 'demo.yaml'}", "--model=SynthKnowledgeModule"]


class World:
    """A private copy of the tiny worlds with a private cache."""

    def __init__(self, root, cache):
        self.cache, self.target, self.source = cache, root / "demo-target", root / "demo-source"
        self.train, self.test = (self.target / "UCSDped2" / split for split in ("Train", "Test"))

    def manifests(self, split="*"):
        """Of the finished caches of a split."""
        return sorted(self.cache.glob(f"*-{split}-*/manifest.json"))

    def change_boxes(self, split, row, column, value):
        path = self.target / "detections" / f"{split}.npz"
        with np.load(path, allow_pickle=False) as stored:
            columns = dict(stored)
        columns["boxes"][row, column] = value
        np.savez(path, **columns)
        return path


@pytest.fixture
def world(tiny_worlds, tmp_path, monkeypatch):
    root = tmp_path / "raw"
    for name in ("demo-source", "demo-target"):
        shutil.copytree(tiny_worlds / name, root / name)
    monkeypatch.setenv("SYRFA_DATA", str(root))
    monkeypatch.setenv("SYRFA_CACHE", str(tmp_path / "cache"))
    return World(root, tmp_path / "cache")


def image(world, number=10):
    return sorted((world.train / "Train001").iterdir())[number]


def spoil_image(world):
    image(world).write_bytes(image(world).read_bytes()[:200])
    return image(world)


def cut_video(world):
    video = sorted(world.source.glob("Scene*/*.mp4"))[0]
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    return video


def lengthen_video(world):
    images = sorted((world.test / "Test001").glob("*.tif"))
    shutil.copy(images[-1], images[0].with_name(f"{len(images) + 1:03d}.tif"))
    return world.target


def stretch_interval(world):
    labels = world.test / "UCSDped2.m"
    labels.write_text(re.sub(r"\[\d+:\d+", "[1:9999", labels.read_text(), count=1))
    return labels


def stretch_track(world):
    tracks = sorted(world.source.rglob("*_tracks.txt"))[0]
    tracks.write_text("1,0,9999\n")
    return tracks


@pytest.mark.parametrize(
    ("damage", "command", "split"),
    [
        (lambda world: world.change_boxes("test", 3, slice(0, 4), (10_000, 10_000, 10_020, 10_040)), TARGET, "test"),
        (lambda world: world.change_boxes("test", 3, 1, np.nan), TARGET, "test"),
        (spoil_image, TARGET, "train"),
        (lengthen_video, TARGET, "test"),
        (stretch_interval, TARGET, "test"),
        (cut_video, SOURCE, None),
        (stretch_track, SOURCE, None),
    ],
    ids=["box outside", "box nan", "image", "longer", "interval", "video", "track"],
)
def test_damaged_data(world, damage, command, split, refusal):
    place = damage(world)
    assert str(place) in refusal(command)
    caches = world.manifests(split) if split else world.manifests()
    # a world's splits are built one by one: none that holds the video is finished
    names = [info["name"] for cache in caches for info in json.loads(cache.read_text())["videos"]]
    assert place.stem.removesuffix("_tracks") not in names if split is None else not caches


def flip(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_damaged_cache(world, refusal):
    assert main(TARGET) == 0
    folder = world.manifests("test")[0].parent
    for pattern, damage, options, named in (
        ("*.npy", flip, ["--verify=true"], "has changed since"),
        ("index.npz", truncate, [], "index.npz has changed"),
        ("manifest.json", truncate, [], "manifest.json cannot be read"),
    ):
        damage(sorted(folder.glob(pattern))[0])
        line = refusal([*TARGET, *options])
        assert str(folder) in line
        assert named in line
        assert "delete the folder" in line


def redraw_image(world):
    pixels = cv2.imread(str(image(world)), cv2.IMREAD_GRAYSCALE)
    before = image(world).stat().st_size
    cv2.imwrite(str(image(world)), np.random.default_rng(0).integers(0, 255, pixels.shape).astype(np.uint8))
    assert image(world).stat().st_size != before


def swap_images(world):
    contents = [image(world, number).read_bytes() for number in (5, 12)]
    assert contents[0] != contents[1]
    for number, content in zip((12, 5), contents, strict=True):
        image(world, number).write_bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        redraw_image,
        lambda world: world.change_boxes("train", 0, 4, 0.123),
        pytest.param(
            swap_images,
            marks=pytest.mark.xfail(
                strict=True, reason="the key holds the bytes of a video's files, not their content"
            ),
        ),
    ],
    ids=["image", "confidence", "swapped"],
)
def test_changed_data_never_meet_an_old_cache(world, change):
    assert main(TARGET) == 0
    before = {path: path.read_bytes() for path in world.manifests("train")}
    change(world)
    assert main(TARGET) == 0
    assert len(world.manifests("train")) == 2
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize("content", ['{"planet": "Mars"}', "[]", '{"preset": "ti'], ids=["foreign", "list", "damaged"])
def test_generate_never_deletes_another_programs_world(content, tmp_path, refusal):
    (tmp_path / "world.json").write_text(content)
    (tmp_path / "thesis.tex").write_text("mine")
    line = refusal(["generate", "--preset=tiny", f"--out={tmp_path}", "--overwrite=true"])
    assert str(tmp_path / "world.json") in line
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_file_where_a_folder_has_to_be(world, tmp_path, refusal):
    (tmp_path / "file").write_text("mine")
    for command in (
        ["generate", "--preset=tiny", f"--out={tmp_path / 'file'}", "--overwrite=true"],
        [*TARGET, f"--data.cache_root={tmp_path / 'file'}"],
    ):
        assert str(tmp_path / "file") in refusal(command)
        assert (tmp_path / "file").read_text() == "mine"


def test_missing_weights(world, refusal):
    absent = world.target / "absent.onnx"
    options = ["--data.target.detector=syrfa.detection.UltralyticsDetector"]
    options.append(f"--data.target.detector.init_args.weights={absent}")
    assert str(absent) in refusal([*TARGET, *options])
    assert world.manifests() == []


@pytest.mark.parametrize("damage", ["junk", "empty", "bit"])
def test_damaged_checkpoint(world, damage, knowledge_ckpt, tmp_path, refusal):
    content = bytearray(knowledge_ckpt.read_bytes())
    with zipfile.ZipFile(knowledge_ckpt) as archive:  # a bit between two entries would be nobody's
        weights = archive.read(max(archive.infolist(), key=lambda entry: entry.file_size))
    content[content.index(weights) + len(weights) // 2] ^= 1
    checkpoint = tmp_path / "broken.ckpt"
    checkpoint.write_bytes({"junk": b"PK\x03\x04 and then nothing", "empty": b"", "bit": bytes(content)}[damage])
    assert str(checkpoint) in refusal([*TEST, f"--ckpt_path={checkpoint}"])
    assert not world.cache.exists()


@pytest.mark.parametrize("content", ["{", "{}", "[]", json.dumps({"schema": 0, "evaluations": [1]})])
def test_damaged_result(content, tmp_path, refusal):
    (tmp_path / "result.json").write_text(content)
    assert str(tmp_path / "result.json") in refusal(["summary", str(tmp_path)])
