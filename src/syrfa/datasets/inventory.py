"""Which videos of a release a copy has, also where the reader refuses a copy that is not whole."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from syrfa.datasets import UBnormal, VideoDataset, VideoRecord
from syrfa.datasets.finding import Finding, note, problem
from syrfa.datasets.published import PUBLISHED, video_key
from syrfa.errors import DataNotFoundError, UserError


@dataclass(frozen=True)
class SplitInventory:
    """The videos of one split that are there.

    Attributes:
        records: in the order of the reader.
        findings: what is missing or too much.
    """

    records: tuple[VideoRecord, ...]
    findings: tuple[Finding, ...]


def take_inventory(key: str, dataset: VideoDataset, split: str, compare: bool) -> SplitInventory:
    """Lists a split and compares it with the release.

    Args:
        key: the data set's name in `PUBLISHED`.
        dataset: its reader.
        split: one of its splits.
        compare: False for a generated world, which borrows the layout and not the counts.
    """
    obtain = PUBLISHED[key].obtain
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a reader warns of missing videos; that is said below, in numbers
        try:
            records = dataset.videos(split)
        except UserError as error:
            there = _listed_videos(dataset, split) if isinstance(dataset, UBnormal) else []
            if isinstance(error, DataNotFoundError) and not there:
                finding = note(split, f"not there: {error}", f"to have it: {obtain}")
            else:
                finding = problem(split, str(error), f"the reader takes no such split; {obtain}")
            return SplitInventory(tuple(there), (finding,))
    findings = _compare(key, split, records) if compare else []
    return SplitInventory(tuple(records), tuple(findings))


def _compare(key: str, split: str, records: Sequence[VideoRecord]) -> list[Finding]:
    published = PUBLISHED[key]
    facts = published.splits.get(split)
    if facts is None:
        return []
    if len(records) == facts.videos:
        return [Finding("ok", split, f"{facts.videos} videos, as published")]
    if len(records) > facts.videos:
        text = f"{len(records)} videos, {facts.videos} were published"
        return [problem(split, text, f"leave only the released ones there; see {published.page}")]
    there = {video_key(key, record.name) for record in records}
    missing = [name for name in facts.per_video if name not in there]
    text = f"{len(records)} of {facts.videos} videos, missing: {some(missing) or facts.videos - len(records)}"
    return [note(split, f"{text}; results are of these alone and say so", f"to have them: {published.obtain}")]


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of many names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _listed_videos(dataset: UBnormal, split: str) -> list[VideoRecord]:
    """The videos of UBnormal's lists that are there; the reader takes a split whole or not at all."""
    try:
        records = [dataset._record(name, split) for name in dataset._names(split)]
    except UserError:
        return []
    return [record for record in records if record.path.is_file()]
