"""Labels against what was published of them: polarity, offset, counts."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.finding import Finding, note, problem
from syrfa.datasets.inventory import some
from syrfa.datasets.lengths import VideoFacts
from syrfa.datasets.published import SplitFacts

Labels = Mapping[str, NDArray[np.uint8]]

_SUSPECT = 0.9  # of all frames abnormal; Ped2, the most abnormal of the released sets, has 0.82


def compare_labels(where: str, labels: Labels, split: SplitFacts, obtain: str) -> list[Finding]:
    """Says whether labels are the published ones, and if not, in which known way they differ.

    Args:
        where: the split, or the file.
        labels: frame labels by the names of `facts`, uint8 (frames,), 1 = abnormal.
        split: what was published of it.
        obtain: where the released labels are to be had.
    """
    facts = split.per_video
    common = [name for name in labels if name in facts]
    if not common:
        return []
    other = [name for name in common if not _equal(labels[name], facts[name])]
    if not other:
        total, abnormal = sum(len(labels[name]) for name in common), sum(facts[name].abnormal for name in common)
        text = f"polarity, offset and counts of the labels as published: {abnormal:,} of {total:,} frames abnormal"
        return [Finding("ok", where, text)]
    known = split.other_labels.get(sum(int(labels[name].sum()) for name in common))
    if known and len(common) == split.videos:
        text = f"the labels are those of {known}, another annotation than the released one: numbers of the two differ"
        return [note(where, text, f"say so with every number, or take the released labels: {obtain}")]
    telling = [name for name in common if 2 * facts[name].abnormal != facts[name].frames]
    if telling and all(_inverted(labels[name], facts[name]) for name in telling):
        text = f"the labels are inverted, 1 = normal, in all {len(telling)} videos"
        return [problem(where, text, f"invert them (1 - labels) or take the released ones: {obtain}")]
    shifts = {_shift(labels[name], facts[name]) for name in common if facts[name].first > 0}
    if len(shifts) == 1 and (shift := shifts.pop()):
        direction = "late" if shift > 0 else "early"
        text = f"the labels are shifted: every anomaly begins {abs(shift)} frame(s) too {direction}"
        return [problem(where, text, f"take the released labels: {obtain}")]
    named = _differences(other, labels, facts)
    text = f"other labels than the published ones in {len(other)} of {len(common)} videos: {named}"
    return [problem(where, text, f"take the released labels: {obtain}")]


def compare_lengths(
    where: str, lengths: Mapping[str, int], facts: Mapping[str, VideoFacts], obtain: str
) -> list[Finding]:
    """Names the videos whose length is not the published one."""
    common = [name for name in lengths if name in facts]
    other = [name for name in common if lengths[name] != facts[name].frames]
    if not other:
        return []
    named = some([f"{name} has {lengths[name]} frames for {facts[name].frames}" for name in other])
    text = f"a copy with other lengths, so labels and published boxes do not fit: {named}"
    return [problem(where, text, f"take the videos as released: {obtain}")]


def suspect_polarity(where: str, labels: Labels) -> list[Finding]:
    """A note where nearly all frames are abnormal and nothing published tells whether that is so."""
    total, abnormal = sum(len(v) for v in labels.values()), sum(int(v.sum()) for v in labels.values())
    if not total or abnormal <= _SUSPECT * total:
        return []
    text = f"{abnormal:,} of {total:,} frames are labelled abnormal; are the labels inverted?"
    return [note(where, text, "look at a few frames; 1 has to mean abnormal")]


def _equal(labels: NDArray[np.uint8], facts: VideoFacts) -> bool:
    return (len(labels), int(labels.sum()), _first(labels)) == (facts.frames, facts.abnormal, facts.first)


def _inverted(labels: NDArray[np.uint8], facts: VideoFacts) -> bool:
    return len(labels) == facts.frames and int(labels.sum()) == facts.frames - facts.abnormal


def _shift(labels: NDArray[np.uint8], facts: VideoFacts) -> int:
    first = _first(labels)
    return first - facts.first if first >= 0 else 0


def _first(labels: NDArray[np.uint8]) -> int:
    return int(np.argmax(labels)) if labels.any() else -1


def _differences(names: list[str], labels: Labels, facts: Mapping[str, VideoFacts]) -> str:
    return some([f"{name} {int(labels[name].sum())} abnormal frames for {facts[name].abnormal}" for name in names])
