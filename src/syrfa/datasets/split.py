"""One split of a copy in numbers, and its videos and sums against the published ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syrfa.datasets.check_labels import compare_lengths
from syrfa.datasets.finding import Finding, note, problem
from syrfa.datasets.published import PUBLISHED, SplitFacts, video_key
from syrfa.datasets.survey import VideoSurvey

SHORTEST = 13  # frames: the first and last six of a training video have no tube of seven frames around them


@dataclass(frozen=True)
class SplitReport:
    """What was found in one split, beside what was published.

    Attributes:
        videos: that are there.
        frames: of all videos; None where a length is not known.
        abnormal_frames: of all videos; None where a video has no labels or they are refused.
        sizes: the frame sizes, (width, height).
        published: None for a split or folder of which nothing is.
    """

    videos: int
    frames: int | None
    abnormal_frames: int | None
    sizes: tuple[tuple[int, int], ...]
    published: SplitFacts | None


def report_split(surveys: Sequence[VideoSurvey], facts: SplitFacts | None) -> SplitReport:
    """Counts what was surveyed."""
    lengths = [survey.frames for survey in surveys if survey.frames is not None]
    labelled = [survey.labels for survey in surveys if survey.labels is not None]
    return SplitReport(
        len(surveys),
        sum(lengths) if len(lengths) == len(surveys) > 0 else None,
        sum(int(labels.sum()) for labels in labelled) if len(labelled) == len(surveys) > 0 else None,
        tuple(sorted({survey.size for survey in surveys if survey.size is not None})),
        facts,
    )


def examine_videos(
    key: str, split: str, surveys: Sequence[VideoSurvey], facts: SplitFacts | None, compare: bool
) -> list[Finding]:
    """Videos that cannot be decoded, give no tube, or have another length or size than published.

    Args:
        key: the data set.
        split: its split.
        surveys: of its videos.
        facts: what was published of it, None for nothing.
        compare: False for a generated world.
    """
    published = PUBLISHED[key]
    findings = []
    for survey in surveys:
        if survey.video_error:
            findings.append(problem(f"{split} {survey.record.name}", survey.video_error, published.obtain))
        elif survey.frames is not None and survey.frames < SHORTEST:
            text = f"{survey.frames} frames; a video needs {SHORTEST} for one training tube of seven frames"
            findings.append(
                note(survey.record.path, text, "a video that short gives no tube; copy it again if it was cut")
            )
    # a reader makes a statement once a process: of which video is chance
    findings += [note(split, text) for text in sorted({text for survey in surveys for text in survey.statements})]
    sizes = {survey.size for survey in surveys if survey.size is not None}
    if compare and published.sizes and not sizes <= set(published.sizes):
        odd = next(survey for survey in surveys if survey.size and survey.size not in published.sizes)
        text = f"{odd.record.name} is {_size(odd.size)}, released are {' '.join(map(_size, published.sizes))}"
        findings.append(note(split, text, "a rescaled copy: boxes made on the release do not fit it"))
    if facts is not None:
        lengths = {video_key(key, s.record.name): s.frames for s in surveys if s.frames is not None}
        findings += compare_lengths(split, lengths, facts.per_video, published.obtain)
    return findings


def compare_totals(key: str, splits: Mapping[str, SplitReport], complete: bool) -> list[Finding]:
    """Sums that were published, where every video is there and its length known."""
    published = PUBLISHED[key]
    findings = []
    for split, report in splits.items():
        facts = report.published
        if facts is None or report.videos != facts.videos or facts.frames is None or report.frames is None:
            continue
        if report.frames == facts.frames:
            findings.append(Finding("ok", split, f"{facts.frames:,} frames, as published"))
        elif not facts.per_video:  # otherwise the videos are named already
            text = f"{report.frames:,} frames where {facts.frames:,} were published"
            findings.append(problem(split, text, f"take the videos as released: {published.obtain}"))
    lengths = [report.frames for report in splits.values()]
    whole = all(r.published is not None and r.videos == r.published.videos for r in splits.values())
    if complete and published.frames is not None and whole and None not in lengths:
        total = sum(n for n in lengths if n is not None)
        if total == published.frames:
            findings.append(Finding("ok", "all splits", f"{total:,} frames, as published"))
        else:
            text = f"{total:,} frames where {published.frames:,} were published"
            findings.append(problem("all splits", text, f"take the videos as released: {published.obtain}"))
    return findings


def _size(size: tuple[int, int] | None) -> str:
    return f"{size[0]}x{size[1]}" if size else "-"
