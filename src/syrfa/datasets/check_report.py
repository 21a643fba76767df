"""An examination as text and as JSON."""

from typing import Any

from syrfa.datasets.check import Examination
from syrfa.datasets.published import PUBLISHED
from syrfa.datasets.split import SplitReport
from syrfa.utils.text_table import Cell, text_table

SCHEMA = 1
_COLUMNS = ("split", "videos", "published", "frames", "published", "abnormal", "published", "size")


def as_text(examination: Examination) -> str:
    """The whole report: where it comes from, a row a split, a line a finding."""
    published = PUBLISHED[examination.key]
    head = [
        f"{published.title} in {examination.root}",
        *(f"  {line}" for line in examination.layout),
        f"  terms: {published.terms}",
        f"  cite: {published.citation}",
        f"  page: {published.page}",
    ]
    table = text_table([_row(split, report) for split, report in examination.splits.items()], _COLUMNS)
    unknown = ["lists only: nothing was decoded, so lengths of video files and damage are not known", ""]
    return "\n".join([*head, "", table, "", *(unknown if examination.fast else []), *map(str, examination.findings)])


def as_json(examination: Examination) -> dict[str, Any]:
    """The same for programs."""
    published = PUBLISHED[examination.key]
    return {
        "schema": SCHEMA,
        "kind": "check",
        "dataset": examination.key,
        "root": str(examination.root),
        "decoded": not examination.fast,
        "usable": examination.problems == 0,
        "layout": list(examination.layout),
        "terms": published.terms,
        "citation": published.citation,
        "page": published.page,
        "splits": {split: _split_json(report) for split, report in examination.splits.items()},
        "findings": [{"level": f.level, "where": f.where, "what": f.what, "fix": f.fix} for f in examination.findings],
    }


def _row(split: str, report: SplitReport) -> list[Cell]:
    facts = report.published
    numbers = [
        (report.videos, facts.videos if facts else None),
        (report.frames, facts.frames if facts else None),
        (report.abnormal_frames, facts.abnormal_frames if facts else None),
    ]
    cells: list[Cell] = [None if n is None else f"{n:,}" for pair in numbers for n in pair]
    return [split, *cells, " ".join(f"{width}x{height}" for width, height in report.sizes) or None]


def _split_json(report: SplitReport) -> dict[str, Any]:
    facts = report.published
    return {
        "videos": report.videos,
        "frames": report.frames,
        "abnormal_frames": report.abnormal_frames,
        "sizes": [list(size) for size in report.sizes],
        "published": facts
        and {"videos": facts.videos, "frames": facts.frames, "abnormal_frames": facts.abnormal_frames},
    }
