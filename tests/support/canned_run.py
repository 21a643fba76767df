"""Finished runs as `syrfa test` leaves them, with scores, curves and a data set whose answers are known."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.evaluation import ObjectScores, PaperProtocol, StrictProtocol, box_width, write_scores
from syrfa.evaluation.evaluate import evaluate, final_scores
from syrfa.evaluation.scores import CURVES, FrameCurves

FRAMES, HEIGHT, WIDTH = 40, 60, 90
PROTOCOLS = (StrictProtocol(3, "centred", 5), StrictProtocol(3, "none"), PaperProtocol("ped2", 3))


def videos(names: tuple[str, ...] = ("Test001", "Test002")) -> list[ObjectScores]:
    """Two people a frame; from frame 20 on the second one scores high, and in the first video's frame 10 the first."""
    found = []
    for number, name in enumerate(names):
        frame = np.repeat(np.arange(FRAMES, dtype=np.int32), 2)
        xyxy = np.tile(np.array([[10, 20, 22, 44], [50, 18, 74, 46]], np.float32), (FRAMES, 1))
        score = np.tile([0.1 + 0.01 * number, 0.2], FRAMES) + 0.001 * np.arange(2 * FRAMES)
        score[1::2][20:] += 0.6
        score[2 * 10] = 0.7 - 0.1 * number
        found.append(ObjectScores(name, FRAMES, HEIGHT, WIDTH, frame, xyxy, score))
    return found


def labels(count: int = 2) -> list[NDArray[np.uint8]]:
    """Frames 20 to 39 are abnormal."""
    return [(np.arange(FRAMES) >= 20).astype(np.uint8) for _ in range(count)]


def write_dataset(root: Path) -> Path:
    """Ped2 as released: the frames of both videos, and masks on the second person."""
    for name in ("Train/Train001", "Test/Test001", "Test/Test002"):
        folder = root / name
        folder.mkdir(parents=True)
        for number in range(FRAMES):
            cv2.imwrite(str(folder / f"{number + 1:03d}.tif"), np.full((HEIGHT, WIDTH), 60 + number, np.uint8))
    for name in ("Test001", "Test002"):
        (root / "Test" / f"{name}_gt").mkdir()
        for number in range(FRAMES):
            mask = np.zeros((HEIGHT, WIDTH), np.uint8)
            mask[20:40, 55:70] = 255 if number >= 20 else 0
            cv2.imwrite(str(root / "Test" / f"{name}_gt" / f"{number + 1:03d}.bmp"), mask)
    (root / "Test" / "UCSDped2.m").write_text(
        "TestVideoFile = {};\n" + 2 * "TestVideoFile{end+1}.gt_frame = [21:40];\n"
    )
    return root


def write_run(
    folder: Path,
    seed: int = 1,
    dataset: Path | None = None,
    curves: bool = True,
    names: tuple[str, ...] = ("Test001", "Test002"),
    **changes: Any,
) -> Path:
    """Writes a run and returns its folder.

    Args:
        folder: of the experiment.
        seed: of the run; moves all scores of the second object a little.
        dataset: of `write_dataset`; None leaves the configuration out.
        curves: write `curves.npz`.
        names: of the videos.
        changes: to the result.
    """
    run = folder / f"seed{seed}"
    run.mkdir(parents=True)
    objects, truth = videos(names), labels(len(names))
    kept = FrameCurves(list(names), truth)
    evaluations = [evaluate(objects, truth, protocol, bootstrap=10, curves=kept) for protocol in PROTOCOLS]
    if curves:
        kept.write(run / CURVES)
    for video in objects:
        if "/" not in video.name:
            write_scores(run / "scores", video, PROTOCOLS[1].frame_scores(video).raw)
    if dataset is not None:
        target = {"dataset": {"class_path": "syrfa.datasets.UCSDPed2", "init_args": {"root": str(dataset)}}}
        (run / "config_test.yaml").write_text(json.dumps({"data": {"target": target}}))
    (run / "metrics.csv").write_text(
        "epoch,step,train/cls,val/micro_auroc,test/micro_auroc\n0,49,1.5,,\n0,99,0.75,0.8,\n1,149,0.5,,\n1,149,,,0.9\n"
    )
    (run / "result.json").write_text(json.dumps({**_result(folder.name, seed, evaluations), **changes}))
    return run


def write_sweep(folder: Path) -> Path:
    """A sweep of four points, one of which failed."""
    folder.mkdir(parents=True)
    grid = [(0.1, 0.5), (0.1, 5.0), (1.0, 0.5), (1.0, 5.0)]
    values = [0.80, 0.95, 0.85, None]
    points = [
        {
            "parameters": {"model.init_args.lambda_cls": a, "model.init_args.lambda_aux": b},
            "run": f"point{number}",
            "metrics": {} if value is None else {"val/micro_auroc": value - 0.1, "test/micro_auroc": value},
            "state": "failed" if value is None else "finished",
        }
        for number, ((a, b), value) in enumerate(zip(grid, values, strict=True))
    ]
    content = {
        "sweep": "lambda",
        "metric": {"name": "val/micro_auroc", "goal": "maximize"},
        "parameters": list(points[0]["parameters"]),  # type: ignore[call-overload]
        "points": points,
    }
    (folder / "sweep.json").write_text(json.dumps(content))
    return folder


def curve(evaluation: int, video: int) -> NDArray[np.float64]:
    """What the page is to show."""
    return final_scores(videos(), PROTOCOLS[evaluation])[video]


def width_curve(evaluation: int, video: int) -> NDArray[np.float64]:
    """The baseline beside it."""
    return final_scores([box_width(each) for each in videos()], PROTOCOLS[evaluation])[video]


def _result(experiment: str, seed: int, evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    trained = {"domain": "source", "split": "train", "manifest_sha256": "5" * 64, "monitor": "", "monitored_sha256": ""}
    return {
        "schema": 2,
        "experiment": experiment,
        "run_id": f"seed{seed}",
        "module": "SynthKnowledgeModule",
        "settings": {"frames": 7, "lambda_cls": 1.0},
        "seed": seed,
        "steps": 1500,
        "width": 8,
        "size": 32,
        "dataset": "ped2",
        "domain": "target",
        "split": "test",
        "manifest_sha256": "4" * 64,
        "cache_key": "cafe0123",
        "videos": 2,
        "videos_released": 12,
        "frames": 2 * FRAMES,
        "objects": 4 * FRAMES,
        "transductive": False,
        "oracle": False,
        "trained_on": [trained],
        "metrics": evaluations[0]["metrics"],
        "evaluations": evaluations,
        "adapter": {"name": "none", "lr": None, "mean_abs": 0.0, "max_abs": 0.0},
        "device": "cpu",
        "precision": "32-true",
        "environment": {
            "git_commit": "c0ffee",
            "packages": {"torch": "2.9"},
            "arguments": ["test", "--seed", str(seed)],
        },
    }
