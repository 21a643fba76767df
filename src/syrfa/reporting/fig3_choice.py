"""Which videos and frames the paper's Fig. 3 shows; no rule looks at how good a curve is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import ConfigError
from syrfa.reporting.scored_run import ScoredRun

# the videos of the paper's Fig. 3, by any of the names that releases and repacks give them
PAPER_VIDEOS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ped2": (("Test002", "02"),),
    "shanghaitech": (("07_0006",), ("03_0061",)),
}
FRAME_RULE = (
    "those with the highest, the median and the lowest score of the curve, the first of equals, among frames that have "
    "tubes; their labels stand above them; a map shows the boxes' own scores, before smoothing over time"
)


def choose_videos(run: ScoredRun, videos: Sequence[str] | None, count: int) -> tuple[list[int], str]:
    """The numbers of the videos to draw, and the rule that chose them; no score has a say in it.

    Raises:
        ConfigError: there is no such video.
    """
    names = [record.name for record in run.records]
    if videos:
        missing = [name for name in videos if name not in names]
        if missing:
            raise ConfigError(f"{run.folder}: has no video {missing[0]}; it has {', '.join(names[:20])}")
        return [names.index(name) for name in videos], "named by whoever drew this"
    printed = () if run.dataset.is_generated() else PAPER_VIDEOS.get(run.dataset.name, ())
    found = [names.index(name) for aliases in printed for name in aliases if name in names]
    if found and len(found) == len(printed):
        return found, f"{run.dataset.name}, those of the paper's Fig. 3, whatever their scores"
    why = "the paper's are not in this copy" if printed else "the paper shows none of it"
    return list(range(min(count, len(names)))), f"{run.dataset.name}, the first {count} by name, since {why}"


def choose_frames(scores: NDArray[np.float64], margin: int) -> dict[str, int]:
    """The frames with the highest, the median and the lowest score, the first of equals.

    Args:
        scores: float64 (frames,).
        margin: frames at either end that are left out, since they have no tubes; none where nothing else is left.

    Returns:
        frame numbers by rule; the median is the lower one of two.
    """
    inner = scores[margin : len(scores) - margin]
    first = margin if len(inner) else 0
    inner = inner if len(inner) else scores
    order = np.argsort(inner, kind="stable")
    found = {"highest": int(np.argmax(inner)), "median": int(order[(len(inner) - 1) // 2]), "lowest": int(order[0])}
    return {rule: first + frame for rule, frame in found.items()}
