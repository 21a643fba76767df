"""Every video of a copy decoded once, over processes: only decoding tells a length."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.datasets.video import frame_count, open_video
from syrfa.engine import VideoDone, run_job
from syrfa.errors import UserError, VideoError


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
        progress: show how far it is.

    Raises:
        EngineError: a process died at the same video every time, most likely of one that takes down the decoder.
    """
    job = SurveyJob(dataset, fast)
    found: dict[str, VideoSurvey] = {}
    for done in run_job(job, records, workers=1 if fast else workers, progress=progress, title=dataset.name):
        assert isinstance(done, SurveyDone)
        found[done.name] = done.survey
    return [found[f"{record.split}/{record.name}"] for record in records]


@dataclass(frozen=True)
class SurveyDone(VideoDone):
    """The survey of a video, on its way back from a worker."""

    survey: VideoSurvey = field(kw_only=True)


class SurveyJob:
    """Surveys any video of a data set; see `syrfa.engine.Job`. Its reader checks what it checks once a worker."""

    runs_network = False

    def __init__(self, dataset: VideoDataset, fast: bool) -> None:
        self.dataset, self.fast = dataset, fast

    def run(self, record: VideoRecord) -> SurveyDone:
        """Surveys one video; the product is the report itself."""
        survey = survey_video(self.dataset, record, self.fast)
        return SurveyDone(f"{record.split}/{record.name}", survey.frames or 0, {}, survey=survey)
