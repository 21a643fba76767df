"""Data that cannot be used: exit code 2, one line that names the place, and never a finished cache."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from syrfa.__main__ import main

DATA = Path(__file__).resolve().parents[2] / "lightning_config" / "data"


class World:
    """A private copy of the tiny worlds with a private cache."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache
        self.target = root / "demo-target"
        self.train = self.target / "UCSDped2" / "Train"
        self.test = self.target / "UCSDped2" / "Test"
        self.source = root / "demo-source"

    def prepare(self, *options: str) -> int:
        return main(["prepare", f"--config={DATA / 'demo.yaml'}", "--data.prepare_workers=1", *options])

    def prepare_target(self, *options: str) -> int:
        return self.prepare("--data.source=null", "--data.train_on=target", *options)

    def prepare_source(self) -> int:
        return self.prepare("--data.target=null", "--data.test_on=source", "--data.predict_on=source")

    def manifests(self, split: str = "*") -> list[Path]:
        """Of the finished caches of a split."""
        return sorted(self.cache.glob(f"*-{split}-*/manifest.json"))

    def edit_boxes(self, split: str, change: Callable[[np.ndarray], None]) -> None:
        path = self.target / "detections" / f"{split}.npz"
        with np.load(path, allow_pickle=False) as stored:
            columns = dict(stored)
        change(columns["boxes"])
        np.savez(path, **columns)


@pytest.fixture
def world(tiny_worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    root = tmp_path / "raw"
    for name in ("demo-source", "demo-target"):
        shutil.copytree(tiny_worlds / name, root / name)
    monkeypatch.setenv("SYRFA_DATA", str(root))
    monkeypatch.setenv("SYRFA_CACHE", str(tmp_path / "cache"))
    return World(root, tmp_path / "cache")


def refusal(code: int, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a refused command; progress bars may stand before it."""
    printed = capsys.readouterr().err
    assert code == 2, printed
    assert "Traceback" not in printed
    lines = [line for line in printed.replace("\r", "\n").splitlines() if line.startswith("syrfa ")]
    assert len(lines) == 1, printed
    return lines[0]


def write_outside(boxes: np.ndarray) -> None:
    boxes[3, :4] = (10_000, 10_000, 10_020, 10_040)


def write_nan(boxes: np.ndarray) -> None:
    boxes[3, 1] = np.nan


@pytest.mark.parametrize("change", [write_outside, write_nan], ids=["outside", "nan"])
def test_impossible_boxes(
    world: World, change: Callable[[np.ndarray], None], capsys: pytest.CaptureFixture[str]
) -> None:
    world.edit_boxes("test", change)
    line = refusal(world.prepare_target(), capsys)
    assert str(world.target / "detections" / "test.npz") in line
    assert "row 3" in line
    assert world.manifests("test") == []


def remove(folder: Path) -> Path:
    shutil.rmtree(folder)
    return folder


def remove_frames(folder: Path) -> Path:
    for image in (folder / "Train001").iterdir():
        image.unlink()
    return folder / "Train001"


def remove_videos(folder: Path) -> Path:
    for video in folder.iterdir():
        shutil.rmtree(video)
    return folder


def spoil_image(folder: Path) -> Path:
    image = sorted((folder / "Train001").iterdir())[10]
    image.write_bytes(b"no image at all")
    return image


def cut_image(folder: Path) -> Path:
    image = sorted((folder / "Train001").iterdir())[10]
    image.write_bytes(image.read_bytes()[:200])
    return image


@pytest.mark.parametrize("damage", [remove_frames, remove_videos, spoil_image, cut_image])
def test_damaged_image_folders(
    world: World, damage: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place = damage(world.train)
    assert str(place) in refusal(world.prepare_target(), capsys)
    assert world.manifests("train") == []


def test_missing_folder(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    remove(world.train)
    line = refusal(world.prepare_target(), capsys)
    assert str(world.target) in line
    assert "Train" in line
    assert world.manifests() == []


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5], ids=["empty", "no header", "half"])
def test_truncated_video(world: World, share: float, capsys: pytest.CaptureFixture[str]) -> None:
    video = sorted(world.source.glob("Scene*/*.mp4"))[0]
    content = video.read_bytes()
    video.write_bytes(content[: int(share * len(content))])
    assert str(video) in refusal(world.prepare_source(), capsys)
    names = [info["name"] for path in world.manifests() for info in json.loads(path.read_text())["videos"]]
    assert video.stem not in names


@pytest.mark.parametrize("frames", [-4, 4], ids=["shorter", "longer"])
def test_labels_of_another_length(world: World, frames: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = sorted(world.test.glob("Test???"))[0]
    images = sorted(folder.glob("*.tif"))
    if frames < 0:  # labels shorter than the video: the video grows
        for number in range(len(images) + 1, len(images) + 1 - frames):
            shutil.copy(images[-1], folder / f"{number:03d}.tif")
    else:
        for image in images[-frames:]:
            image.unlink()
    line = refusal(world.prepare_target(), capsys)
    assert str(world.target) in line  # the boxes, the labels or the folder, whichever is found to disagree
    assert folder.name in line
    assert world.manifests("test") == []


def test_intervals_beyond_the_end_of_the_video(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    labels = world.test / "UCSDped2.m"
    labels.write_text(re.sub(r"\[\d+:\d+", "[1:9999", labels.read_text(), count=1))
    line = refusal(world.prepare_target(), capsys)
    assert str(labels) in line
    assert "9999" in line
    assert world.manifests("test") == []


def test_tracks_beyond_the_end_of_the_video(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    tracks = sorted(world.source.rglob("*_tracks.txt"))[0]
    tracks.write_text("1,0,9999\n")
    assert str(tracks) in refusal(world.prepare_source(), capsys)


@pytest.mark.parametrize(
    ("verb", "option", "named"),
    [
        ("prepare", "--data.source.spec.steps=2", "steps"),
        ("prepare", "--data.batch_size=many", "data.batch_size: expected int, got many"),
        ("prepare", "--data.target.spec.frames=many", "data.target.spec.frames: expected int, got many"),
        ("generate", "--presett=tiny", "presett"),
        ("generate", "--seed=first", "seed: expected int, got first"),
    ],
)
def test_unknown_option_and_wrong_type(
    world: World, verb: str, option: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = world.prepare(option) if verb == "prepare" else main([verb, f"--out={tmp_path / 'out'}", option])
    assert named in refusal(code, capsys)
    assert world.manifests() == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("verb", "content", "named"),
    [
        ("prepare", "data: {batchsize: 2}", "batchsize"),
        ("prepare", "data: {target: {spec: {frames: many}}}", "data.target.spec.frames"),
        ("generate", "presett: tiny", "presett"),
        ("generate", "seed: first", "seed: expected int"),
    ],
)
def test_unknown_key_and_wrong_type_in_a_config(
    world: World, verb: str, content: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "typo.yaml").write_text(content)
    option = f"--config={tmp_path / 'typo.yaml'}"
    code = world.prepare(option) if verb == "prepare" else main([verb, f"--out={tmp_path / 'out'}", option])
    assert named in refusal(code, capsys)


def test_missing_weights(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    absent = world.root / "absent.onnx"
    options = ["--data.target.detector=syrfa.detection.UltralyticsDetector"]
    options.append(f"--data.target.detector.init_args.weights={absent}")
    assert str(absent) in refusal(world.prepare_target(*options), capsys)
    assert world.manifests() == []


def flip(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change_schema(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 0}))


@pytest.mark.parametrize(
    ("pattern", "damage", "options", "named"),
    [
        ("*.npy", flip, ["--verify=true"], "has changed since"),
        ("*.npy", truncate, [], "bytes instead of"),
        ("*.npy", Path.unlink, [], "is missing"),
        ("index.npz", truncate, [], "index.npz has changed"),
        ("index.npz", Path.unlink, [], "index.npz is missing"),
        ("manifest.json", truncate, [], "manifest.json cannot be read"),
        ("manifest.json", change_schema, [], "its schema is 0"),
    ],
)
def test_damaged_cache(
    world: World,
    pattern: str,
    damage: Callable[[Path], None],
    options: list[str],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert world.prepare_target() == 0
    capsys.readouterr()
    folder = world.manifests("test")[0].parent
    damage(sorted(folder.glob(pattern))[0])
    line = refusal(world.prepare_target(*options), capsys)
    assert str(folder) in line
    assert named in line
    assert "delete the folder" in line


def edit_image(world: World) -> None:
    image = sorted((world.train / "Train001").iterdir())[5]
    pixels = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)
    before = image.stat().st_size
    cv2.imwrite(str(image), np.random.default_rng(0).integers(0, 255, pixels.shape).astype(np.uint8))
    assert image.stat().st_size != before


def edit_confidence(world: World) -> None:
    def lower(boxes: np.ndarray) -> None:
        boxes[0, 4] *= 0.5

    world.edit_boxes("train", lower)


def swap_images(world: World) -> None:
    first, second = (sorted((world.train / "Train001").iterdir())[n] for n in (5, 12))
    contents = first.read_bytes(), second.read_bytes()
    assert contents[0] != contents[1]
    second.write_bytes(contents[0])
    first.write_bytes(contents[1])


@pytest.mark.parametrize(
    "change",
    [
        edit_image,
        edit_confidence,
        pytest.param(
            swap_images,
            marks=pytest.mark.xfail(
                strict=True, reason="the key holds the bytes of a video's files, not their content"
            ),
        ),
    ],
)
def test_changed_data_never_meet_an_old_cache(world: World, change: Callable[[World], None]) -> None:
    assert world.prepare_target() == 0
    before = {path: path.read_bytes() for path in world.manifests("train")}
    change(world)
    assert world.prepare_target() == 0
    assert len(world.manifests("train")) == 2
    assert all(path.read_bytes() == content for path, content in before.items())


def test_generate_refuses_a_folder_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    code = main(["generate", "--preset=tiny", f"--out={tmp_path}", "--overwrite=true"])
    assert str(tmp_path) in refusal(code, capsys)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("content", ['{"planet": "Mars"}', "[]", '{"preset": "ti'], ids=["foreign", "list", "damaged"])
def test_generate_never_deletes_another_programs_world(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "world.json").write_text(content)
    (tmp_path / "thesis.tex").write_text("mine")
    code = main(["generate", "--preset=tiny", f"--out={tmp_path}", "--overwrite=true"])
    assert str(tmp_path / "world.json") in refusal(code, capsys)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_generate_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    code = main(["generate", "--preset=tiny", f"--out={tmp_path / 'file'}", "--overwrite=true"])
    assert str(tmp_path / "file") in refusal(code, capsys)
    assert (tmp_path / "file").read_text() == "mine"


def test_unknown_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "huge" in refusal(main(["generate", "--preset=huge", f"--out={tmp_path / 'x'}"]), capsys)
    assert not (tmp_path / "x").exists()


def test_cache_where_no_folder_can_be(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    line = refusal(world.prepare_target(f"--data.cache_root={tmp_path / 'file'}"), capsys)
    assert str(tmp_path / "file") in line
    assert "SYRFA_CACHE" in line


@pytest.mark.parametrize("content", [b"PK\x03\x04 and then nothing", b""], ids=["junk", "empty"])
def test_damaged_checkpoint(world: World, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tmp_path / "broken.ckpt"
    checkpoint.write_bytes(content)
    arguments = ["test", f"--config={DATA / 'demo.yaml'}", "--model=SynthKnowledgeModule", f"--ckpt_path={checkpoint}"]
    assert str(checkpoint) in refusal(main(arguments), capsys)
    assert not world.cache.exists()


def test_checkpoint_with_one_flipped_bit(
    world: World, knowledge_ckpt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(knowledge_ckpt.read_bytes())
    with zipfile.ZipFile(knowledge_ckpt) as archive:  # a bit between two entries would be nobody's
        weights = archive.read(max(archive.infolist(), key=lambda entry: entry.file_size))
    content[content.index(weights) + len(weights) // 2] ^= 1
    (tmp_path / "bit.ckpt").write_bytes(content)
    capsys.readouterr()
    arguments = ["test", f"--config={DATA / 'demo.yaml'}", "--model=SynthKnowledgeModule"]
    line = refusal(main([*arguments, f"--ckpt_path={tmp_path / 'bit.ckpt'}"]), capsys)
    assert str(tmp_path / "bit.ckpt") in line
    assert not world.cache.exists()


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"schema": 0, "evaluations": [1]}'])
def test_damaged_result(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "result.json").write_text(content)
    assert str(tmp_path / "result.json") in refusal(main(["summary", str(tmp_path)]), capsys)
