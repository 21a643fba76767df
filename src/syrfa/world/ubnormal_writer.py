"""A generated world in the layout of the UBnormal release.

```
root/Scene{n}/{video}.mp4
root/Scene{n}/{video}_annotations/{video}_{frame:04d}_gt.png   uint8, pixel = object id, 0 = background
root/Scene{n}/{video}_annotations/{video}_tracks.txt           id,start,end; inclusive, 0-based; abnormal videos only
root/scripts/{normal,abnormal}_{training,validation,test}_video_names.txt
```
"""

import os
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.utils.files import atomic_write
from syrfa.world.clip import Clip, ClipPlan
from syrfa.world.presets import WorldPreset

_LISTS = {"train": "training", "validation": "validation", "test": "test"}
MIN_PIXELS = 6  # an object with fewer visible pixels is out of sight
_GAP = 5


def video_name(plan: ClipPlan) -> str:
    """The name of a clip, as the release builds it."""
    return f"{'abnormal' if plan.abnormal else 'normal'}_scene_{plan.scene}_scenario_{plan.scenario}"


def write_clip(
    root: Path, preset: WorldPreset, plan: ClipPlan, seed: int, grey: bool, detect: object = None
) -> dict[str, Any]:
    """Renders one clip into `root`, replacing what an interrupted run left of it; there are no boxes to detect."""
    name = video_name(plan)
    folder = root / f"Scene{plan.scene}"
    # the process number keeps apart what a killed run's last worker may still be writing
    notes, unfinished = folder / f"{name}_annotations", folder / f".{name}_annotations.{os.getpid()}.tmp"
    for old in (notes, unfinished):
        shutil.rmtree(old, ignore_errors=True)
    unfinished.mkdir(parents=True)
    clip = Clip(preset, plan, seed, grey)
    movie = folder / f".{name}.{os.getpid()}.tmp.mp4"
    presence = _render(clip, movie, unfinished, name)
    tracks = find_tracks(presence, clip.frames)
    if plan.abnormal:
        text = "".join(f"{owner},{start},{end}\n" for owner, start, end in tracks)
        (unfinished / f"{name}_tracks.txt").write_text(text)
    unfinished.rename(notes)
    movie.replace(folder / f"{name}.mp4")
    labels = np.zeros(clip.frames, bool)
    for _, start, end in tracks:
        labels[start : end + 1] = True
    return clip.summary(name, labels)


def _render(clip: Clip, movie: Path, notes: Path, name: str) -> dict[int, NDArray[np.bool_]]:
    """Writes the video and the masks; returns for every abnormal id the frames (n,) in which it is seen being so."""
    camera = clip.scene.camera
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    # one channel in gives three identical channels out; three in come back a grey level apart
    writer = cv2.VideoWriter(str(movie), codec, float(round(clip.fps)), (camera.width, camera.height), not clip.grey)
    if not writer.isOpened():
        raise OSError(f"{movie}: this build of OpenCV cannot write mp4v video")
    presence: dict[int, NDArray[np.bool_]] = {}
    try:
        for number, (image, mask) in enumerate(clip.render()):
            writer.write(image)
            path = notes / f"{name}_{number:04d}_gt.png"
            if not cv2.imwrite(str(path), mask, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
                raise OSError(f"{path}: cannot be written")
            pixels = np.bincount(mask.ravel(), minlength=256)
            for owner in clip.abnormal_ids(number):
                if pixels[owner] >= MIN_PIXELS:
                    presence.setdefault(owner, np.zeros(clip.frames, bool))[number] = True
    finally:
        writer.release()
    return presence


def find_tracks(presence: dict[int, NDArray[np.bool_]], frames: int) -> list[tuple[int, int, int]]:
    """Intervals (id, first, last) of ids seen being abnormal, of flags (frames,) each; gaps of 5 frames are bridged."""
    tracks = []
    for owner, seen in sorted(presence.items()):
        numbers = np.flatnonzero(seen[:frames])
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > _GAP + 1) + 1):
            if len(run):
                tracks.append((owner, int(run[0]), int(run[-1])))
    return tracks


def finish(root: Path, preset: WorldPreset, summaries: list[dict[str, Any]]) -> list[Path]:
    """Writes the six lists of names; returns their paths."""
    written = []
    for split, word in _LISTS.items():
        for kind in ("normal", "abnormal"):
            names = [s["name"] for s in summaries if s["split"] == split and s["name"].startswith(f"{kind}_")]
            path = root / "scripts" / f"{kind}_{word}_video_names.txt"
            with atomic_write(path) as file:
                file.write("".join(f"{name}\n" for name in names).encode())
            written.append(path)
    return written
