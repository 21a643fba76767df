"""The examination of one copy of a data set, from its folders to its labels."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from syrfa import datasets
from syrfa.datasets import VideoDataset
from syrfa.datasets.check_labels import compare_labels, suspect_polarity
from syrfa.datasets.finding import Finding, note, problem
from syrfa.datasets.inventory import some, take_inventory
from syrfa.datasets.label_files import check_intervals, find_interval_files, interval_vectors, mask_vectors
from syrfa.datasets.published import PUBLISHED, SplitFacts, video_key
from syrfa.datasets.repacks import weakly_supervised_split
from syrfa.datasets.split import SplitReport, compare_totals, examine_videos, report_split
from syrfa.datasets.survey import VideoSurvey, survey_videos
from syrfa.errors import ConfigError, DataNotFoundError, UserError


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
    generated = dataset.is_generated()
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
        splits[split] = report_split(own, facts)
        findings += examine_videos(key, split, own, facts, compare=not generated)
        findings += _examine_labels(key, root, split, own, facts)
    if generated:
        findings.append(note(root, "a generated world in this layout; it has no published counts to compare with"))
    findings += compare_totals(key, splits, complete=not generated)
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
