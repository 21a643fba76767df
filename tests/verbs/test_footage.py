"""Footage of one's own from the command line: scored without labels, measured with a table of intervals."""

import json

from small_run import DATA, EXPERIMENTS, SMALL

from syrfa.__main__ import main
from syrfa.datasets import UCSDPed2

CONFIG = [f"--config={DATA / 'folder.yaml'}", f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}"]
OPTION = "--data.target.dataset.init_args"


def write_table(world, file):
    """Each run of abnormal frames of the world's test videos, frames counted from 1, the end included."""
    rows = ["video,start,end"]
    dataset = UCSDPed2(world)
    for number, record in enumerate(dataset.videos("test"), start=1):
        abnormal = [frame + 1 for frame, label in enumerate(dataset.frame_labels(record)) if label]
        rows += [f"testing/frames/{number:02d},{frame},{frame}" for frame in abnormal]
    file.write_text("\n".join(rows) + "\n")


def test_scored_without_labels_and_measured_with_them(data_environment, knowledge_ckpt, tmp_path, capsys):
    common = [*CONFIG, *SMALL, f"--run.root={tmp_path}", f"--ckpt_path={knowledge_ckpt}"]
    run = tmp_path / "demo_knowledge" / "seed1"
    out = tmp_path / "scored"
    assert main(["predict", *common, f"--out={out}"]) == 0
    assert sorted(path.stem for path in (out / "scores").glob("*.npz")) == [
        "testing__frames__01",
        "testing__frames__02",
    ]
    write_table(data_environment / "ped2", tmp_path / "labels.csv")
    labels = f"{OPTION}.labels={tmp_path / 'labels.csv'}"
    capsys.readouterr()
    assert main(["test", *common, labels]) == 2
    assert "unit=frames or unit=seconds" in capsys.readouterr().err.strip().splitlines()[-1]
    rule = [f"{OPTION}.unit=frames", f"{OPTION}.first_frame=1", f"{OPTION}.end_included=true"]
    assert main(["test", *common, labels, *rule]) == 0
    result = json.loads((run / "result.json").read_text())
    assert (result["dataset"], result["videos"], result["videos_released"]) == ("folder", 2, None)
    assert 0 <= result["metrics"]["micro_auroc"]["value"] <= 1
