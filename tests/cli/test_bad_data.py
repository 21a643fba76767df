"""Data that cannot be used: exit code 2, one line that names the place, and never a finished cache."""

import json
import shutil
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

    def prepare_target(self) -> int:
        return self.prepare("--data.source=null", "--data.train_on=target")

    def manifests(self) -> list[Path]:
        return sorted(self.cache.glob("*/manifest.json"))

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
    assert "test.npz" in refusal(world.prepare_target(), capsys)
    assert not any("ped2-test" in str(path) for path in world.manifests())


def test_missing_folder(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(world.train)
    assert "Train" in refusal(world.prepare_target(), capsys)


def test_zero_frames(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    folder = next(world.train.glob("Train001"))
    for image in folder.iterdir():
        image.unlink()
    assert "Train001" in refusal(world.prepare_target(), capsys)


def test_empty_split(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for video in world.train.iterdir():
        shutil.rmtree(video)
    assert "Train" in refusal(world.prepare_target(), capsys)


def test_undecodable_image(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    image = sorted((world.train / "Train001").iterdir())[10]
    image.write_bytes(b"no image at all")
    assert image.name in refusal(world.prepare_target(), capsys)
    assert world.manifests() == []


def test_truncated_video(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    video = sorted(world.source.glob("Scene*/*.mp4"))[0]
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    assert video.name in refusal(world.prepare("--data.target=null", "--data.test_on=source"), capsys)


@pytest.mark.parametrize("frames", [-4, 4], ids=["shorter", "longer"])
def test_labels_of_another_length(world: World, frames: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = sorted(world.test.glob("Test???"))[0]
    images = sorted(folder.glob("*.tif"))
    if frames < 0:  # labels shorter than the video: the video grows
        for number in range(len(images) + 1, len(images) + 1 - frames):
            cv2.imwrite(str(folder / f"{number:03d}.tif"), cv2.imread(str(images[-1]), cv2.IMREAD_GRAYSCALE))
    else:
        for image in images[-frames:]:
            image.unlink()
    assert folder.name in refusal(world.prepare_target(), capsys)
    assert not any("ped2-test" in str(path) for path in world.manifests())


def test_unknown_option_and_wrong_type(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert "steps" in refusal(world.prepare("--data.source.spec.steps=2"), capsys)
    assert "many" in refusal(world.prepare("--data.batch_size=many"), capsys)


def test_missing_weights(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    absent = world.root / "absent.onnx"
    options = ["--data.target.detector=syrfa.detection.UltralyticsDetector"]
    options.append(f"--data.target.detector.init_args.weights={absent}")
    assert "absent.onnx" in refusal(world.prepare("--data.source=null", "--data.train_on=target", *options), capsys)


def test_damaged_cache_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.prepare_target() == 0
    capsys.readouterr()
    folder = next(path.parent for path in world.manifests() if "ped2-test" in str(path))
    shard = sorted(folder.glob("*.npy"))[0]
    whole = shard.read_bytes()

    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    code = world.prepare("--data.source=null", "--data.train_on=target", "--verify=true")
    assert shard.name in refusal(code, capsys)
    shard.unlink()
    assert shard.name in refusal(world.prepare_target(), capsys)
    shard.write_bytes(whole)

    index = folder / "index.npz"
    content = index.read_bytes()
    index.write_bytes(content[: len(content) // 2])
    assert "index" in refusal(world.prepare_target(), capsys)
    index.write_bytes(content)

    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema": 0}))
    assert "schema" in refusal(world.prepare_target(), capsys)


def test_changed_data_never_meet_an_old_cache(world: World) -> None:
    assert world.prepare_target() == 0
    before = world.manifests()
    folder = sorted(world.train.iterdir())[0]
    images = sorted(folder.iterdir())
    pixels = cv2.imread(str(images[0]), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(images[0]), np.random.default_rng(0).integers(0, 255, pixels.shape).astype(np.uint8))
    with np.load(world.target / "detections" / "train.npz") as stored:
        assert len(stored["boxes"])
    assert world.prepare_target() == 0
    new = set(world.manifests()) - set(before)
    assert len(new) <= 1
    if images[0].stat().st_size != len(pixels.tobytes()):
        assert len(new) == 1


def test_generate_refuses_a_folder_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    code = main(["generate", "--preset=tiny", f"--out={tmp_path}", "--overwrite=true"])
    assert str(tmp_path) in refusal(code, capsys)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_unknown_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "huge" in refusal(main(["generate", "--preset=huge", f"--out={tmp_path / 'x'}"]), capsys)


def test_damaged_checkpoint(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tmp_path / "broken.ckpt"
    checkpoint.write_bytes(b"PK\x03\x04 and then nothing")
    arguments = ["test", f"--config={DATA / 'demo.yaml'}", "--model=SynthKnowledgeModule", f"--ckpt_path={checkpoint}"]
    assert "broken.ckpt" in refusal(main(arguments), capsys)
    assert not world.cache.exists()
