"""Labels of a copy against what was published of them: polarity, offset and counts."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.labels import read_intervals
from syrfa.datasets.published import PUBLISHED, SplitFacts, VideoFacts, video_key
from syrfa.datasets.shanghaitech import NAMES, PLACES
from syrfa.datasets.survey import Finding, VideoSurvey, note, problem, some
from syrfa.errors import LabelError

Labels = Mapping[str, NDArray[np.uint8]]

_SUSPECT = 0.9  # of all frames abnormal; Ped2, the most abnormal of the released sets, has 0.82
_WEAK = "the re-split of Zhong et al. (238 videos to train on, 199 to test on), whose training split has anomalies"
_RELEASED = "go by the release: 330 training videos with three digits, 107 test clips with four"


def check_labels(
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
    if refusals and split == "test" and key in ("ped1", "ped2"):
        _take_intervals(root, key, surveys, labels)
    if facts is not None and facts.per_video and labels:
        return findings + compare_labels(split, {video_key(key, n): v for n, v in labels.items()}, facts, obtain)
    return findings + suspect_polarity(split, labels)


def compare_labels(where: str, labels: Labels, split: SplitFacts, obtain: str) -> list[Finding]:
    """Whether labels are the published ones, and if not, in which known way they differ."""
    facts, fix = split.per_video, f"take the released labels: {obtain}"
    common = [name for name in labels if name in facts]
    other = [name for name in common if _summary(labels[name]) != facts[name]]
    if not common:
        return []
    if not other:
        total, abnormal = sum(len(labels[name]) for name in common), sum(facts[name].abnormal for name in common)
        text = f"polarity, offset and counts of the labels as published: {abnormal:,} of {total:,} frames abnormal"
        return [Finding("ok", where, text)]
    known = split.other_labels.get(sum(int(labels[name].sum()) for name in common))
    if known and len(common) == split.videos:
        text = f"the labels are those of {known}, another annotation than the released one: numbers of the two differ"
        return [note(where, text, f"say so with every number, or {fix}")]
    telling = [name for name in common if 2 * facts[name].abnormal != facts[name].frames]
    if telling and all(_inverted(labels[name], facts[name]) for name in telling):
        text = f"the labels are inverted, 1 = normal, in all {len(telling)} videos"
        return [problem(where, text, f"invert them (1 - labels) or take the released ones: {obtain}")]
    firsts = {name: _summary(labels[name]).first for name in common if facts[name].first > 0}
    shifts = {first - facts[name].first if first >= 0 else 0 for name, first in firsts.items()}
    if len(shifts) == 1 and (shift := shifts.pop()):
        direction = "late" if shift > 0 else "early"
        text = f"the labels are shifted: every anomaly begins {abs(shift)} frame(s) too {direction}"
        return [problem(where, text, fix)]
    named = some([f"{n} {int(labels[n].sum())} abnormal frames for {facts[n].abnormal}" for n in other])
    text = f"other labels than the published ones in {len(other)} of {len(common)} videos: {named}"
    return [problem(where, text, fix)]


def suspect_polarity(where: str, labels: Labels) -> list[Finding]:
    """A note where nearly all frames are abnormal and nothing published tells whether that is so."""
    total, abnormal = sum(len(v) for v in labels.values()), sum(int(v.sum()) for v in labels.values())
    if not total or abnormal <= _SUSPECT * total:
        return []
    text = f"{abnormal:,} of {total:,} frames are labelled abnormal; are the labels inverted?"
    return [note(where, text, "look at a few frames; 1 has to mean abnormal")]


def weakly_supervised_split(root: Path) -> list[Finding]:
    """The re-split of ShanghaiTech of Zhong et al., given away by names of test clips among training videos."""
    findings = []
    for split, other in (("train", "test"), ("test", "train")):
        for folder in (root / place for place in PLACES[split]):
            names = [path.stem for path in folder.iterdir()] if folder.is_dir() else []
            foreign = sorted(name for name in names if re.fullmatch(NAMES[other], name))
            if foreign:
                number = len(foreign) + sum(bool(re.fullmatch(NAMES[split], name)) for name in names)
                text = f"{len(foreign)} of {number} videos are of the other split ({foreign[0]}): {_WEAK}"
                findings.append(problem(folder, text, _RELEASED))
    return findings


def _take_intervals(root: Path, key: str, surveys: Sequence[VideoSurvey], labels: dict[str, NDArray[np.uint8]]) -> None:
    """Puts what files of intervals hold, whatever it is, cut to the videos, in place of labels that are refused."""
    for path in (path for name in (f"UCSD{key}.m", f"{key}.mat") for path in sorted(root.rglob(name))):
        with suppress(LabelError):  # the reader reports it, if it is the one that is read
            for survey, intervals in zip(surveys, read_intervals(path, check=False), strict=False):
                if survey.frames is not None:
                    labels[survey.record.name] = vector = np.zeros(survey.frames, np.uint8)
                    for start, end in intervals:
                        vector[max(start - 1, 0) : max(end, 0)] = 1


def _summary(labels: NDArray[np.uint8]) -> VideoFacts:
    return VideoFacts(len(labels), int(labels.sum()), int(np.argmax(labels)) if labels.any() else -1)


def _inverted(labels: NDArray[np.uint8], facts: VideoFacts) -> bool:
    return len(labels) == facts.frames and int(labels.sum()) == facts.frames - facts.abnormal
