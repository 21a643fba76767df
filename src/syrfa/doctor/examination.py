"""The examination of one copy of a data set, from its folders to its labels."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from syrfa import datasets
from syrfa.datasets import VideoDataset
from syrfa.doctor.finding import Finding, note, problem
from syrfa.doctor.inventory import some, take_inventory
from syrfa.doctor.label_files import check_intervals, find_interval_files, interval_vectors, mask_vectors
from syrfa.doctor.labels import compare_labels, compare_lengths, suspect_polarity
from syrfa.doctor.published import PUBLISHED, SplitFacts, video_key
from syrfa.doctor.repacks import weakly_supervised_split
from syrfa.doctor.survey import VideoSurvey, survey_videos
from syrfa.errors import ConfigError, DataNotFoundError, UserError

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


@dataclass(frozen=True)
class Examination:
    """All that was found.

    Attributes:
        key: the data set's name in `PUBLISHED`.
        root: the folder.
        fast: nothing was decoded.
        layout: what the reader recognised, a line each.
        splits: by name.
        findings: problems first.
    """

    key: str
    root: Path
    fast: bool
    layout: tuple[str, ...]
    splits: dict[str, SplitReport]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> int:
        """How many findings would make numbers wrong."""
        return sum(finding.level == "problem" for finding in self.findings)


def examine(
    key: str,
    root: Path,
    fast: bool = False,
    workers: int | None = None,
    progress: bool = True,
    init_args: Mapping[str, Any] | None = None,
) -> Examination:
    """Examines a copy.

    Args:
        key: a data set of `PUBLISHED`.
        root: the folder it was unpacked into.
        fast: decode nothing; lengths of video files, frame sizes and damaged videos stay unknown.
        workers: processes to decode in; None for one a CPU core.
        progress: show a bar.
        init_args: further arguments of the reader, such as the table of labels of a folder.

    Raises:
        ConfigError: the reader takes no such argument.
        DataNotFoundError: there is no such folder, or nothing of the data set in it.
    """
    if not root.is_dir():
        raise DataNotFoundError(f"{root}: no such folder; to have the data set: {PUBLISHED[key].obtain}")
    dataset = _open(key, root, init_args or {})
    generated = any((place / "world.json").is_file() for place in (root, root.resolve().parent))
    inventories = {split: take_inventory(key, dataset, split, not generated) for split in dataset.splits}
    findings = [finding for inventory in inventories.values() for finding in inventory.findings]
    records = [record for inventory in inventories.values() for record in inventory.records]
    if key == "shanghaitech":
        findings += weakly_supervised_split(root)
    if not records:
        findings.append(problem(root, f"no video of {PUBLISHED[key].title} in it", PUBLISHED[key].obtain))
    surveys = survey_videos(dataset, records, fast, workers, progress) if records else []
    splits = {}
    for split in dataset.splits:
        facts = None if generated else PUBLISHED[key].splits.get(split)
        own = [survey for survey in surveys if survey.record.split == split]
        splits[split] = _split_report(own, facts)
        findings += _examine_videos(key, split, own, facts, compare=not generated)
        findings += _examine_labels(key, root, split, own, facts)
    if generated:
        findings.append(note(root, "a generated world in this layout; it has no published counts to compare with"))
    findings += _totals(key, splits, complete=not generated)
    order = ("problem", "note", "ok")
    unique = dict.fromkeys(findings)
    ordered = tuple(sorted(unique, key=lambda finding: order.index(finding.level)))
    return Examination(key, root, fast, _layout(dataset), splits, ordered)


def _open(key: str, root: Path, init_args: Mapping[str, Any]) -> VideoDataset:
    reader = getattr(datasets, PUBLISHED[key].reader)
    try:
        dataset: VideoDataset = reader(root, **init_args)
    except TypeError as error:
        raise ConfigError(f"init_args: {error}; the reader is syrfa.datasets.{reader.__name__}") from error
    return dataset


def _layout(dataset: VideoDataset) -> tuple[str, ...]:
    """What the reader recognises; empty where a fault, which is found elsewhere, keeps it from saying so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # every statement is made again, and kept, when labels are read
        try:
            return tuple(dataset.describe_layout().splitlines())
        except UserError:
            return ()


def _split_report(surveys: Sequence[VideoSurvey], facts: SplitFacts | None) -> SplitReport:
    lengths = [survey.frames for survey in surveys if survey.frames is not None]
    labelled = [survey.labels for survey in surveys if survey.labels is not None]
    return SplitReport(
        len(surveys),
        sum(lengths) if len(lengths) == len(surveys) > 0 else None,
        sum(int(labels.sum()) for labels in labelled) if len(labelled) == len(surveys) > 0 else None,
        tuple(sorted({survey.size for survey in surveys if survey.size is not None})),
        facts,
    )


def _examine_videos(
    key: str, split: str, surveys: Sequence[VideoSurvey], facts: SplitFacts | None, compare: bool
) -> list[Finding]:
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


def _examine_labels(
    key: str, root: Path, split: str, surveys: Sequence[VideoSurvey], facts: SplitFacts | None
) -> list[Finding]:
    """What the reader refuses, why, and whether what it takes is what was published."""
    obtain = PUBLISHED[key].obtain
    refusals: dict[str, list[str]] = {}
    for survey in surveys:
        if survey.label_error:
            refusals.setdefault(survey.label_error, []).append(survey.record.name)
    findings = [
        problem(f"{split} {some(names)}", error, f"take the released labels: {obtain}")
        for error, names in refusals.items()
    ]
    labels = {s.record.name: s.labels for s in surveys if s.labels is not None}
    if split == "test":
        names = [s.record.name for s in surveys]
        lengths = {s.record.name: s.frames for s in surveys}
        for file in find_interval_files(root, key):
            wrong = [f for f in check_intervals(file, names, lengths) if not any(f.what in text for text in refusals)]
            # a file that the reader passes over does no harm
            findings += wrong if refusals else [replace(finding, level="note") for finding in wrong]
            if refusals and key in ("ped1", "ped2"):
                labels = interval_vectors(file, names, lengths)
    if split == "test" and key == "shanghaitech":
        unread = {s.record.name for s in surveys if s.labels is None}
        labels |= {file.stem: vector for file, vector in mask_vectors(root) if file.stem in unread}
    if facts is not None and facts.per_video and labels:
        findings += compare_labels(split, {video_key(key, n): v for n, v in labels.items()}, facts, obtain)
    else:
        findings += suspect_polarity(split, labels)
    return findings


def _totals(key: str, splits: Mapping[str, SplitReport], complete: bool) -> list[Finding]:
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
