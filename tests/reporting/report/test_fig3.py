"""Which videos and frames figure 3 shows, and what it leaves on disk."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
from matplotlib.image import imread

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores
from syrfa.reporting.fig3 import ScoredRun, choose_frames, choose_videos, plot_fig3
from syrfa.reporting.runs import Run

FRAMES = 20
RESULT: dict[str, Any] = {
    **{"experiment": "e", "run_id": "seed1", "module": "RealAdaptModule", "seed": 1, "steps": 5, "dataset": "ped2"},
    **{"split": "test", "manifest_sha256": "0" * 64, "cache_key": "k", "transductive": False, "oracle": True},
    "adapter": {"name": "rap"},
    "environment": {"git_commit": "abc"},
}


def evaluation(**changes: Any) -> dict[str, Any]:
    auroc = {"value": 0.81, "ci_low": 0.7, "ci_high": 0.9, "chance": 0.5}
    return {
        "protocol": {"protocol": "strict", "smoothing": "centred", "window": 25, "temporal_radius": 3},
        "metrics": {"micro_auroc": auroc},
        "baselines": {"box_width": {"micro_auroc": {"value": 0.964}}},
        **changes,
    }


def dataset(name: str, generated: bool = False, mask: bool = False) -> VideoDataset:
    def pixel_mask(record: VideoRecord, frame: int) -> Any:
        del record, frame
        return np.pad(np.ones((10, 10), bool), ((5, 15), (5, 25))) if mask else None

    return cast(
        VideoDataset, SimpleNamespace(name=name, is_generated=lambda: generated, pixel_mask=pixel_mask, root=Path("r"))
    )


@pytest.fixture
def run(tmp_path: Path) -> ScoredRun:
    """Two videos of 30 x 40 pixels, one box a frame, the scores of the second twice those of the first."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text("{}")
    records, objects, curves = [], [], []
    for number, name in enumerate(("01", "02")):
        folder = tmp_path / name
        folder.mkdir()
        for frame in range(FRAMES):
            cv2.imwrite(str(folder / f"{frame:03d}.png"), np.full((30, 40), 100 + frame, np.uint8))
        scores = (1 + number) * np.linspace(0.05, 0.4, FRAMES)
        records.append(VideoRecord(name, folder, "test"))
        box = np.tile(np.array([[5, 5, 15, 20]], np.float32), (FRAMES, 1))
        objects.append(ObjectScores(name, FRAMES, 30, 40, np.arange(FRAMES, dtype=np.int32), box, scores))
        curves.append(scores)
    labels = [np.repeat(np.array([0, 1], np.uint8), FRAMES // 2)] * 2
    finished = Run(tmp_path / "run", tmp_path / "run" / "result.json", RESULT)
    return ScoredRun(finished, evaluation(), dataset("ped2"), records, objects, curves, labels)


def test_frames_are_the_extremes_and_the_median_of_those_that_have_tubes() -> None:
    scores = np.array([9, 9, 9, 2, 5, 1, 4, 5, 1, 0, 0, 0], np.float64)
    assert choose_frames(scores, 3) == {"highest": 4, "median": 3, "lowest": 5}
    assert choose_frames(scores, 0) == {"highest": 0, "median": 3, "lowest": 9}
    assert choose_frames(np.array([2.0, 1.0]), 3) == {"highest": 0, "median": 1, "lowest": 1}


def test_the_papers_videos_come_first_and_scores_have_no_say(run: ScoredRun) -> None:
    assert choose_videos(run) == ([1], "ped2, those of the paper's Fig. 3, whatever their scores")
    better = replace(run, curves=run.curves[::-1])
    assert choose_videos(better)[0] == [1]


def test_other_data_sets_generated_worlds_and_partial_copies_show_the_first_by_name(run: ScoredRun) -> None:
    numbers, rule = choose_videos(replace(run, dataset=dataset("ped2", generated=True)))
    assert (numbers, "the first 3 by name" in rule, "the paper shows none of it" in rule) == ([0, 1], True, True)
    numbers, rule = choose_videos(replace(run, dataset=dataset("shanghaitech")))
    assert (numbers, "not in this copy" in rule) == ([0, 1], True)


def test_videos_named_by_hand_are_called_so(run: ScoredRun) -> None:
    assert choose_videos(run, ["02", "01"]) == ([1, 0], "named by whoever drew this")
    with pytest.raises(ConfigError, match="has no video 03; it has 01, 02"):
        choose_videos(run, ["03"])


def test_the_figure_its_pdf_and_its_numbers(run: ScoredRun, tmp_path: Path) -> None:
    run = replace(run, evaluation=evaluation(audit={"line": "audit says so", "test_information": []}))
    first = plot_fig3(tmp_path / "a" / "fig3.png", [run], ["01", "02"])
    second = plot_fig3(tmp_path / "b" / "fig3.png", [run], ["01", "02"])
    assert [path.name for path in first] == ["fig3.png", "fig3.pdf", "fig3.json"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert b"CreationDate" not in first[1].read_bytes()
    content = json.loads(first[2].read_text())
    assert (content["kind"], len(content["panels"])) == ("fig3", 2)
    panel = content["panels"][1]
    assert panel["scores"] == pytest.approx(list(run.curves[1]), abs=1e-6)
    assert panel["abnormal"] == [[10, 20]]
    shown = [(each["rule"], each["frame"], each["abnormal"]) for each in panel["shown"]]
    assert shown == [("highest", 16, True), ("median", 9, False), ("lowest", 3, False)]
    caption = "\n".join(content["caption"])
    settings = ("seed 1", "strict", "centred, window 25")
    for part in (*settings, "81.0 [70.0, 90.0]", "box_width 96.4", "chance 50.0", "audit says so"):
        assert part in caption
    assert content["runs"][0]["git_commit"] == "abc"


def share(path: Path, colour: tuple[int, int, int]) -> float:
    pixels = (imread(path)[..., :3] * 255).round()
    return float((np.abs(pixels - np.array(colour)).max(axis=-1) <= 6).mean())


def test_a_mask_is_outlined_where_there_is_one(run: ScoredRun, tmp_path: Path) -> None:
    plot_fig3(tmp_path / "bare.png", [run])
    plot_fig3(tmp_path / "masked.png", [replace(run, dataset=dataset("ped2", mask=True))])
    assert share(tmp_path / "bare.png", (46, 230, 166)) == 0
    assert share(tmp_path / "masked.png", (46, 230, 166)) > 0.001
