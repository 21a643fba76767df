"""Boxes published as pickles beside Jigsaw-VAD, turned into a file that `FileDetector` reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.detection.box_file import read_boxes
from syrfa.detection.plain_pickle import read_plain
from syrfa.errors import DetectionError
from syrfa.utils.files import atomic_write


def import_jigsaw_pickle(
    pickle_path: Path, target: Path, names: Sequence[str], frames_per_video: Sequence[int]
) -> Path:
    """Writes the boxes of a pickle as `.npz`. The pickle is decoded, never executed (see `plain_pickle`).

    Args:
        pickle_path: a dictionary from video name to frames, or a list of videos in the order of `names`; a video is
            a list of one array a frame, (n, 5 or more): left, top, right, bottom, confidence.
        target: the `.npz` file to write; written whole or not at all.
        names: the videos that must be in it.
        frames_per_video: their lengths.

    Returns:
        `target`.

    Raises:
        DetectionError: the pickle is missing or holds anything but plain data, or its videos, lengths or boxes are not
            those expected.
    """
    if not pickle_path.is_file():
        raise DetectionError(f"{pickle_path}: no such file")
    try:
        videos = _videos(read_plain(pickle_path.read_bytes()), list(names))
        columns = [_rows(video, name, n) for video, name, n in zip(videos, names, frames_per_video, strict=True)]
    except DetectionError as error:
        raise DetectionError(f"{pickle_path}: {error}") from error
    arrays = {
        "boxes": np.concatenate([boxes for boxes, _ in columns]),
        "video": np.repeat(np.arange(len(columns)), [len(frame) for _, frame in columns]).astype(np.int32),
        "frame": np.concatenate([frame for _, frame in columns]).astype(np.int32),
        "names": np.array(list(names)),
        "frames_per_video": np.array(list(frames_per_video), np.int32),
    }
    with atomic_write(target) as file:
        np.savez(file, allow_pickle=False, **arrays)
    read_boxes(target)
    return target


def _videos(content: Any, names: list[str]) -> list[Any]:  # noqa: ANN401 - checked here
    if isinstance(content, dict):
        if set(content) != set(names):
            raise DetectionError(f"holds the videos {sorted(map(str, content))[:4]}, expected {sorted(names)[:4]}")
        return [content[name] for name in names]
    if isinstance(content, list | tuple) and len(content) == len(names):
        return list(content)
    raise DetectionError(f"holds no dictionary or list of {len(names)} videos")


def _rows(video: Any, name: str, frames: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:  # noqa: ANN401
    """All boxes of a video and the frame of each."""
    if isinstance(video, dict):
        if set(video) != set(range(frames)):
            raise DetectionError(f"video {name} has frames {list(video)[:3]}..., expected 0 to {frames - 1}")
        video = [video[frame] for frame in range(frames)]
    if not isinstance(video, list | tuple | np.ndarray) or (isinstance(video, np.ndarray) and video.ndim == 0):
        raise DetectionError(f"video {name} is no list of frames")
    if len(video) != frames:
        raise DetectionError(f"video {name} has {len(video)} frames, expected {frames}")
    parts = [_frame_boxes(boxes, f"video {name}, frame {frame}") for frame, boxes in enumerate(video)]
    return np.concatenate(parts), np.repeat(np.arange(frames), [len(part) for part in parts])


def _frame_boxes(boxes: Any, where: str) -> NDArray[np.float32]:  # noqa: ANN401 - checked here
    try:
        with np.errstate(over="ignore"):  # what overflows is infinite, which `read_boxes` refuses
            array = np.asarray(boxes, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise DetectionError(f"{where}: not an array of numbers") from error
    if array.size == 0:
        return np.zeros((0, 5), np.float32)
    if array.ndim != 2 or array.shape[1] < 5:
        raise DetectionError(f"{where}: boxes of shape {array.shape}, expected (n, 5)")
    return array[:, :5]
