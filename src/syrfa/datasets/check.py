"""A copy of a data set compared with what was published of it, from its folders to its labels."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from syrfa.datasets.check_labels import check_labels, weakly_supervised_split
from syrfa.datasets.published import PUBLISHED, SplitFacts
from syrfa.datasets.survey import Finding, VideoSurvey, check_videos, list_videos, note, problem, survey_videos
from syrfa.errors import ConfigError, DataNotFoundError, UserError
from syrfa.utils.text_table import Cell, text_table

SCHEMA = 1

_COUNTS = ("videos", "frames", "abnormal_frames")
_COLUMNS = ("split", "videos", "published", "frames", "published", "abnormal", "published", "size")


class UnusableDataError(UserError, ValueError):
    """A copy of a data set has a fault that would make numbers wrong."""


@dataclass(frozen=True)
class SplitReport:
    """Counts of one split, None where unknown, its frame sizes (width, height), and what was published of it."""

    videos: int
    frames: int | None
    abnormal_frames: int | None
    sizes: tuple[tuple[int, int], ...]
    published: SplitFacts | None


@dataclass(frozen=True)
class Examination:
    """All that was found in a copy: what the reader recognised, counts by split, and findings, problems first."""

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

    def as_text(self) -> str:
        """The whole report: where it comes from, a row a split, a line a finding."""
        published = PUBLISHED[self.key]
        head = [
            f"{published.title} in {self.root}",
            *(f"  {line}" for line in self.layout),
            f"  terms: {published.terms}",
            f"  cite: {published.citation}",
            f"  page: {published.page}",
        ]
        table = text_table([_row(split, report) for split, report in self.splits.items()], _COLUMNS)
        unknown = ["lists only: nothing was decoded, so lengths of video files and damage are not known", ""]
        return "\n".join([*head, "", table, "", *(unknown if self.fast else []), *map(str, self.findings)])

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        published = PUBLISHED[self.key]
        return {
            "schema": SCHEMA,
            "kind": "check",
            "dataset": self.key,
            "root": str(self.root),
            "decoded": not self.fast,
            "usable": self.problems == 0,
            "layout": list(self.layout),
            "terms": published.terms,
            "citation": published.citation,
            "page": published.page,
            "splits": {split: _split_json(report) for split, report in self.splits.items()},
            "findings": [asdict(finding) for finding in self.findings],
        }


def examine(
    key: str, root: Path, fast: bool = False, workers: int | None = None, init_args: Mapping[str, Any] | None = None
) -> Examination:
    """Compares a copy with what was published.

    Args:
        key: a data set of `PUBLISHED`.
        root: the folder it was unpacked into.
        fast: decode nothing; lengths of video files, frame sizes and damaged videos stay unknown.
        workers: processes to decode in; None for one a CPU core.
        init_args: further arguments of the reader, such as the table of labels of a folder.

    Raises:
        ConfigError: `workers` is less than 1, or the reader takes no such arguments.
        DataNotFoundError: there is no such folder.
    """
    published = PUBLISHED[key]
    if workers is not None and workers < 1:
        raise ConfigError(f"workers {workers}: must be at least 1")
    if not root.is_dir():
        raise DataNotFoundError(f"{root}: no such folder; to have the data set: {published.obtain}")
    try:
        dataset = published.reader(root, **(init_args or {}))
    except TypeError as error:
        raise ConfigError(f"init_args: {error}; the reader is syrfa.datasets.{published.reader.__name__}") from error
    compared = {} if dataset.is_generated() else published.splits
    listed = {split: list_videos(key, dataset, split, compared.get(split)) for split in dataset.splits}
    findings = [finding for _, found in listed.values() for finding in found]
    records = [record for found, _ in listed.values() for record in found]
    if key == "shanghaitech":
        findings += weakly_supervised_split(root)
    if not records:
        findings.append(problem(root, f"no video of {published.title} in it", published.obtain))
    surveys = survey_videos(dataset, records, fast, workers)
    splits = {}
    for split in dataset.splits:
        facts = compared.get(split)
        own = [survey for survey in surveys if survey.record.split == split]
        splits[split] = _count(own, facts)
        findings += check_videos(key, split, own, facts)
        findings += check_labels(key, root, split, own, facts)
    if dataset.is_generated():
        findings.append(note(root, "a generated world in this layout; it has no published counts to compare with"))
    findings += _compare_totals(key, splits)
    order = ("problem", "note", "ok")
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: order.index(finding.level))
    layout = ""
    # a fault is found elsewhere, and every statement is made again when labels are read
    with warnings.catch_warnings(), suppress(UserError):
        warnings.simplefilter("ignore")
        layout = dataset.describe_layout()
    return Examination(key, root, fast, tuple(layout.splitlines()), splits, tuple(ordered))


def _count(surveys: Sequence[VideoSurvey], facts: SplitFacts | None) -> SplitReport:
    lengths = [survey.frames for survey in surveys if survey.frames is not None]
    labelled = [survey.labels for survey in surveys if survey.labels is not None]
    return SplitReport(
        len(surveys),
        sum(lengths) if len(lengths) == len(surveys) > 0 else None,
        sum(int(labels.sum()) for labels in labelled) if len(labelled) == len(surveys) > 0 else None,
        tuple(sorted({survey.size for survey in surveys if survey.size is not None})),
        facts,
    )


def _compare_totals(key: str, splits: Mapping[str, SplitReport]) -> list[Finding]:
    """Sums that were published, where every video is there and its length known."""
    published = PUBLISHED[key]
    sums = [
        (name, report.frames, report.published.frames, bool(report.published.per_video))
        for name, report in splits.items()
        if report.published and report.videos == report.published.videos and report.frames is not None
    ]
    if len(sums) == len(splits):
        sums.append(("all splits", sum(frames or 0 for _, frames, _, _ in sums), published.frames, False))
    findings = []
    for where, frames, expected, by_video in sums:
        if expected is not None and frames == expected:
            findings.append(Finding("ok", where, f"{frames:,} frames, as published"))
        elif expected is not None and not by_video:  # otherwise the videos are named already
            text = f"{frames:,} frames where {expected:,} were published"
            findings.append(problem(where, text, f"take the videos as released: {published.obtain}"))
    return findings


def _row(split: str, report: SplitReport) -> list[Cell]:
    numbers = [getattr(part, name, None) for name in _COUNTS for part in (report, report.published)]
    cells: list[Cell] = [None if n is None else f"{n:,}" for n in numbers]
    return [split, *cells, " ".join(f"{width}x{height}" for width, height in report.sizes) or None]


def _split_json(report: SplitReport) -> dict[str, Any]:
    facts = report.published
    published = facts and {name: getattr(facts, name) for name in _COUNTS}
    counts = {name: getattr(report, name) for name in _COUNTS}
    return {**counts, "sizes": [list(size) for size in report.sizes], "published": published}
