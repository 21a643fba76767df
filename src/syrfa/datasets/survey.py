"""What a copy of a data set holds: its videos listed, decoded once over processes, and compared with the release."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.published import PUBLISHED, SplitFacts, video_key
from syrfa.datasets.ubnormal import UBnormal
from syrfa.datasets.video import frame_count, open_video
from syrfa.engine import VideoDone, run_job
from syrfa.errors import DataNotFoundError, UserError, VideoError

SHORTEST = 13  # frames: the first and last six of a training video have no tube of seven frames around them


@dataclass(frozen=True)
class Finding:
    """What was found, in which split, video or file, and how to fix it; with a `problem` numbers would be wrong."""

    level: Literal["ok", "note", "problem"]
    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.level:<7}  {self.where}: {self.what}{'; ' if self.fix else ''}{self.fix}"


def problem(where: object, what: str, fix: str) -> Finding:
    """A finding that makes the copy unusable."""
    return Finding("problem", str(where), what, fix)


def note(where: object, what: str, fix: str = "nothing need be done") -> Finding:
    """A finding that is worth knowing."""
    return Finding("note", str(where), what, fix)


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of many names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


@dataclass(frozen=True)
class VideoSurvey:
    """What one video turned out to be: its length, size (width, height), labels, None where not known; and why."""

    record: VideoRecord
    frames: int | None = None
    size: tuple[int, int] | None = None
    labels: NDArray[np.uint8] | None = None
    video_error: str | None = None
    label_error: str | None = None
    statements: tuple[str, ...] = ()


def list_videos(
    key: str, dataset: VideoDataset, split: str, facts: SplitFacts | None
) -> tuple[list[VideoRecord], list[Finding]]:
    """The videos of a split, also where the reader refuses a part of a copy; and what is missing or too much."""
    obtain = PUBLISHED[key].obtain
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a reader warns of missing videos; the findings name them
        try:
            records = dataset.videos(split)
        except UserError as error:
            there = dataset.listed_videos(split) if isinstance(dataset, UBnormal) else []
            if isinstance(error, DataNotFoundError) and not there:
                return [], [note(split, f"not there: {error}", f"to have it: {obtain}")]
            return there, [problem(split, str(error), f"the reader takes no such split; {obtain}")]
    if facts is None:
        return records, []
    if len(records) == facts.videos:
        return records, [Finding("ok", split, f"{facts.videos} videos, as published")]
    if len(records) > facts.videos:
        text = f"{len(records)} videos, {facts.videos} were published"
        return records, [problem(split, text, f"leave only the released ones there; see {PUBLISHED[key].page}")]
    there_keys = {video_key(key, record.name) for record in records}
    missing = some([name for name in facts.per_video if name not in there_keys]) or facts.videos - len(records)
    text = f"{len(records)} of {facts.videos} videos, missing: {missing}; results are of these alone and say so"
    return records, [note(split, text, f"to have them: {obtain}")]


def survey_videos(
    dataset: VideoDataset, records: Sequence[VideoRecord], fast: bool = False, workers: int | None = None
) -> list[VideoSurvey]:
    """Decodes every video from end to end and reads its labels; in the order of `records`.

    With `fast` nothing is decoded: a folder's length is its number of images, a video file's stays unknown.
    """
    job = _SurveyJob(dataset, fast)
    found: dict[str, VideoSurvey] = {}
    for done in run_job(job, records, workers=1 if fast else workers, title=dataset.name):
        assert isinstance(done, _SurveyDone)
        found[done.name] = done.survey
    return [found[f"{record.split}/{record.name}"] for record in records]


@dataclass(frozen=True)
class _SurveyDone(VideoDone):
    """The survey of a video, on its way back from a worker."""

    survey: VideoSurvey = field(kw_only=True)


class _SurveyJob:
    """Surveys any video of a data set; see `syrfa.engine.Job`."""

    runs_network = False

    def __init__(self, dataset: VideoDataset, fast: bool) -> None:
        self.dataset, self.fast = dataset, fast

    def run(self, record: VideoRecord) -> _SurveyDone:
        survey = _survey_video(self.dataset, record, self.fast)
        return _SurveyDone(f"{record.split}/{record.name}", survey.frames or 0, {}, survey=survey)


def _survey_video(dataset: VideoDataset, record: VideoRecord, fast: bool) -> VideoSurvey:
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


def check_videos(key: str, split: str, surveys: Sequence[VideoSurvey], facts: SplitFacts | None) -> list[Finding]:
    """Videos that cannot be decoded, give no tube, or have another length or size than published."""
    published = PUBLISHED[key]
    findings = []
    for survey in surveys:
        if survey.video_error:
            findings.append(problem(f"{split} {survey.record.name}", survey.video_error, published.obtain))
        elif survey.frames is not None and survey.frames < SHORTEST:
            text = f"{survey.frames} frames; a video needs {SHORTEST} for one training tube of seven frames"
            findings.append(note(survey.record.path, text, "it gives no tube; copy it again if it was cut"))
    # a reader makes a statement once a process: of which video is chance
    findings += [note(split, text) for text in sorted({text for survey in surveys for text in survey.statements})]
    if facts is not None:
        odd = [survey for survey in surveys if published.size and survey.size not in (None, published.size)]
        if odd:
            own, released = ("x".join(map(str, size or ())) for size in (odd[0].size, published.size))
            text = f"{odd[0].record.name} is {own}, released are {released}"
            findings.append(note(split, text, "a rescaled copy: boxes made on the release do not fit it"))
        lengths = {video_key(key, s.record.name): s.frames for s in surveys if s.frames is not None}
        other = [n for n in lengths if n in facts.per_video and lengths[n] != facts.per_video[n].frames]
        if other:
            named = some([f"{name} has {lengths[name]} frames for {facts.per_video[name].frames}" for name in other])
            text = f"a copy with other lengths, so labels and published boxes do not fit: {named}"
            findings.append(problem(split, text, f"take the videos as released: {published.obtain}"))
    return findings
