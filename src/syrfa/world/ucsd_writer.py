"""A generated world in the layout of the UCSD Ped2 release, with boxes as a detector would give them.

```
root/UCSDped2/Train/Train001/001.tif
root/UCSDped2/Test/Test001/001.tif
root/UCSDped2/Test/Test001_gt/001.bmp     uint8, 255 = abnormal
root/UCSDped2/Test/UCSDped2.m             TestVideoFile{end+1}.gt_frame = [61:180]; 1-based, inclusive
root/detections/{train,test}.npz          boxes (x1,y1,x2,y2,confidence), video, frame, names, frames_per_video
```
"""

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.utils.files import atomic_write
from syrfa.world.clip import Clip, ClipPlan
from syrfa.world.presets import WorldPreset

Detect = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.float32]]
"""(id mask (h, w), source of draws) -> boxes with confidences (n, 5)."""

_BOXES = 3


def write_clip(
    root: Path, preset: WorldPreset, plan: ClipPlan, seed: int, grey: bool, detect: Detect
) -> dict[str, Any]:
    """Renders one clip into `root`, replacing what an interrupted run left of it."""
    part = "Train" if plan.split == "train" else "Test"
    first = sum(preset.clips["train"]) if part == "Test" else 0
    name = f"{part}{plan.index - first + 1:03d}"
    folder = root / "UCSDped2" / part
    # the process number keeps apart what a killed run's last worker may still be writing
    unfinished, masks = folder / f".{name}.{os.getpid()}.tmp", folder / f".{name}_gt.{os.getpid()}.tmp"
    for old in (folder / name, folder / f"{name}_gt", unfinished, masks):
        shutil.rmtree(old, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if part == "Test":
        masks.mkdir()
    clip = Clip(preset, plan, seed, grey)
    labels = np.zeros(clip.frames, bool)
    boxes: list[list[float]] = []
    for number, (image, mask) in enumerate(clip.render()):
        _write(unfinished / f"{number + 1:03d}.tif", image)
        abnormal = np.isin(mask, clip.abnormal_ids(number))
        labels[number] = bool(abnormal.any())
        if part == "Test":
            _write(masks / f"{number + 1:03d}.bmp", np.where(abnormal, np.uint8(255), np.uint8(0)))
        rng = np.random.default_rng(np.random.SeedSequence([seed, _BOXES, plan.index, number]))
        boxes += [[*map(float, box), number] for box in detect(mask, rng)]
    if part == "Test":
        masks.rename(folder / f"{name}_gt")
    unfinished.rename(folder / name)
    return {**clip.summary(name, labels), "labels": labels.astype(int).tolist(), "boxes": boxes}


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    if not cv2.imwrite(str(path), image):
        raise OSError(f"{path}: cannot be written")


def intervals(labels: list[int]) -> str:
    """The abnormal frames as MATLAB writes them: `61:180`, or `5:90, 140:200`; 1-based and inclusive."""
    edges = np.flatnonzero(np.diff(np.array([0, *labels, 0])))
    return ", ".join(f"{start + 1}:{end}" for start, end in edges.reshape(-1, 2))


def finish(root: Path, preset: WorldPreset, summaries: list[dict[str, Any]]) -> list[Path]:
    """Writes the frame labels and the boxes of both splits; returns their paths."""
    script = root / "UCSDped2" / "Test" / "UCSDped2.m"
    with atomic_write(script) as file:
        file.write(b"TestVideoFile = {};\n")
        for summary in summaries:
            if summary["split"] != "train":
                file.write(f"TestVideoFile{{end+1}}.gt_frame = [{intervals(summary['labels'])}];\n".encode())
    written = [script]
    for split in ("train", "test"):
        clips = [s for s in summaries if (s["split"] == "train") == (split == "train")]
        rows = [np.array(s["boxes"], np.float32).reshape(-1, 6) for s in clips]
        joined = np.concatenate(rows) if rows else np.zeros((0, 6), np.float32)
        content = io.BytesIO()
        np.savez_compressed(
            content,
            boxes=joined[:, :5],
            video=np.repeat(np.arange(len(clips)), [len(r) for r in rows]).astype(np.int16),
            frame=joined[:, 5].astype(np.int16),
            names=np.array([s["name"] for s in clips]),
            frames_per_video=np.array([s["frames"] for s in clips], np.int16),
        )
        path = root / "detections" / f"{split}.npz"
        with atomic_write(path) as file:
            file.write(content.getvalue())
        written.append(path)
    return written
