"""Every video of a copy decoded once, over processes: only decoding tells a length."""

import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.errors import UserError, VideoError
from syrfa.video import frame_count, open_video


@dataclass(frozen=True)
class VideoSurvey:
    """What one video turned out to be.

    Attributes:
        record: which.
        frames: its length; None where it cannot be decoded, and for a video file that was not.
        size: (width, height); None where nothing was decoded.
        labels: frame labels, uint8 (frames,), 1 = abnormal; None for a video without, or whose labels are refused.
        video_error: why it cannot be decoded.
        label_error: why the reader refuses its labels.
        statements: what the reader warned of.
    """

    record: VideoRecord
    frames: int | None = None
    size: tuple[int, int] | None = None
    labels: NDArray[np.uint8] | None = None
    video_error: str | None = None
    label_error: str | None = None
    statements: tuple[str, ...] = ()


def survey_video(dataset: VideoDataset, record: VideoRecord, fast: bool = False) -> VideoSurvey:
    """Decodes a video from its first frame to its last and reads its labels.

    Args:
        dataset: the reader.
        record: one of its videos.
        fast: decode nothing: a folder's length is its number of images, a video file's is not told.
    """
    frames, size = None, None
    try:
        if not fast:
            video = open_video(record.path)
            frames, size = sum(1 for _ in video), (video.width, video.height)
        elif record.path.is_dir():
            frames = frame_count(record.path)
    except VideoError as error:
        return VideoSurvey(record, video_error=str(error))
    if frames is None:
        return VideoSurvey(record)
    with warnings.catch_warnings(record=True) as stated:
        warnings.simplefilter("always")
        try:
            labels, refused = dataset.frame_labels(replace(record, frames=frames)), None
        except UserError as error:
            labels, refused = None, str(error)
    statements = tuple(str(warning.message) for warning in stated)
    return VideoSurvey(record, frames, size, labels, None, refused, statements)


def survey_videos(
    dataset: VideoDataset,
    records: Sequence[VideoRecord],
    fast: bool = False,
    workers: int | None = None,
    progress: bool = True,
) -> list[VideoSurvey]:
    """Surveys many videos; the result is in the order of `records`, whatever the number of processes.

    Args:
        dataset: the reader.
        records: its videos.
        fast: see `survey_video`.
        workers: processes; None for one a CPU core, 1 for none beside this one.
        progress: show a bar, where there is a terminal to show it on.

    Raises:
        VideoError: a process died, most likely of a video that takes down the decoder.
    """
    workers = min(workers or os.cpu_count() or 1, len(records))
    with tqdm(total=len(records), desc=dataset.name, unit="video", disable=None if progress else True) as bar:
        if workers <= 1 or fast:
            found = []
            for record in records:
                found.append(survey_video(dataset, record, fast))
                bar.update()
            return found
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (dataset,))
        try:
            tasks = [pool.submit(_survey_in_worker, record) for record in records]
            for task in as_completed(tasks):
                task.result()
                bar.update()
        except BrokenProcessPool as error:
            raise VideoError(
                f"{dataset.root}: a process died while decoding, of a damaged video or for want of memory; "
                "see with --workers 1 at which video"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
        return [task.result() for task in tasks]


_dataset: VideoDataset | None = None


def _start(dataset: VideoDataset) -> None:
    """Keeps the reader for the life of the process, so that what it checks once it checks once."""
    global _dataset
    _dataset = dataset


def _survey_in_worker(record: VideoRecord) -> VideoSurvey:
    assert _dataset is not None
    return survey_video(_dataset, record)
