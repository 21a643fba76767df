"""`syrfa calibrate` on a generated world, whose own boxes are the reference."""

import json
from pathlib import Path

import pytest
from small_run import DATA

from syrfa.__main__ import main
from syrfa.detection import MappedDetector, MotionDetector

CONFIG = f"--config={DATA / 'ped2_motion.yaml'}"


def test_a_map_is_fitted_and_read(data_environment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, boxes = tmp_path / "map.json", data_environment / "ped2_yolov3_detections" / "train.npz"
    assert main(["calibrate", CONFIG, f"--reference={boxes}", f"--out={out}", "--every=2"]) == 0
    assert "own confidence -> reference" in capsys.readouterr().out
    content = json.loads(out.read_bytes())
    assert content["fitted_on"]["every"] == 2
    assert content["fitted_on"]["split"] == "train"
    assert list(content["fitted_on"]["reference"]) == ["train.npz"]
    first = out.read_bytes()
    assert MappedDetector(MotionDetector(), out).identity()["reference"] == content["reference"]
    assert main(["calibrate", CONFIG, f"--reference={boxes}", f"--out={out}", "--every=2"]) == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--reference=none.npz", "--out=map.json"], "none.npz: no such file of boxes"),
        (["--reference=none.npz", "--out=map.json", "--every=0"], "every 0"),
        (["--reference=none.npz", "--out=map.json", "--domain=source"], "no data.source"),
        (["--reference=none.npz", "--out=map.json", "--method=other"], "method"),
    ],
)
def test_refusals(
    data_environment: Path,
    options: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del data_environment
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", CONFIG, *options]) == 2
    assert named in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
