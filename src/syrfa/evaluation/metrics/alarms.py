"""False alarms per hour at a fixed recall, and how many events an alarm meets.

An alarm is a maximal run of frames of one video at or above the threshold; a false alarm touches no abnormal frame.
The threshold is the highest at which the given share of all abnormal frames is at or above it. Hours are those of the
frames labelled normal. An alarm that never ends is one alarm at most, so the share of normal frames in any alarm is
reported as well.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import ConfigError
from syrfa.evaluation.metrics.bootstrap import interval_of, video_draws
from syrfa.evaluation.metrics.frame_level import Labels, Scores, check

ASSUMED_FPS = 25.0


@dataclass(frozen=True)
class AlarmRule:
    """At what recall alarms are counted, in (0, 1], and the frames a second (None: not known, 25 are assumed)."""

    recall: float = 0.9
    fps: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.recall <= 1:
            raise ConfigError(f"evaluation.alarm_recall={self.recall}: give a share above 0 and at most 1, such as 0.9")
        if self.fps is not None and not 0 < self.fps < 1e6:
            raise ConfigError(f"fps={self.fps}: give the frames of a second, such as 25")


DEFAULT_RULE = AlarmRule()


def false_alarms(
    scores: Scores, labels: Labels, rule: AlarmRule = DEFAULT_RULE, resamples: int = 0, seed: int = 0
) -> dict[str, Any]:
    """False alarms an hour of normal frames at a recall; scores and labels as `micro_auroc`.

    Each of the `resamples` draws of videos finds its own threshold; 0 for no interval.

    Returns:
        JSON: `recall` asked for and `frame_recall` reached, `threshold`, `alarms`, `false_alarms`, `events` (runs of
        abnormal frames), `event_recall` (the share of them that holds a frame of an alarm), `normal_in_alarm` (share of
        normal frames at or above the threshold), `hours` and `hours_of`, `fps` and `fps_from`, and
        `false_alarms_per_hour` with `ci_low` and `ci_high`; this is null with a `reason` where the labels define none.

    Example:
        >>> video, truth = np.array([0.9, 0.1, 0.2, 0.8, 0.7]), np.array([0, 0, 0, 1, 1])
        >>> found = false_alarms([video], [truth], AlarmRule(recall=0.9, fps=1))
        >>> found["threshold"], found["false_alarms"], found["false_alarms_per_hour"]
        (0.7, 1, 1200.0)
    """
    fps = rule.fps or ASSUMED_FPS
    asked = {"recall": rule.recall, "fps": fps, "fps_from": "data set" if rule.fps else "assumed"}
    reason = check(scores, labels)
    if reason:
        return {**asked, "false_alarms_per_hour": None, "reason": reason}
    timeline = _Timeline(scores, labels)
    once = np.ones((1, len(scores)))
    threshold = float(timeline.thresholds(once, rule.recall)[0])
    alarms, false, met = timeline.alarms(threshold)
    hours = float(timeline.normal.sum()) / fps / 3600
    low = high = None
    if resamples:
        rates = timeline.hourly(rule.recall, fps, video_draws(len(scores), resamples, seed))
        low, high = interval_of(rates, len(scores))
    return {
        **asked,
        "threshold": threshold,
        "frame_recall": float((timeline.flat[timeline.truth] >= threshold).mean()),
        "event_recall": met / timeline.events,
        "normal_in_alarm": float((timeline.flat[~timeline.truth] >= threshold).sum() / timeline.normal.sum()),
        "events": timeline.events,
        "alarms": alarms,
        "false_alarms": int(false.sum()),
        "hours": hours,
        "hours_of": "frames labelled normal",
        "false_alarms_per_hour": float(false.sum() / hours),
        "ci_low": low,
        "ci_high": high,
    }


class _Timeline:
    """All videos on one axis, a border behind each, so that no run goes over it."""

    def __init__(self, scores: Scores, labels: Labels) -> None:
        self.flat = np.concatenate([part for video in scores for part in (video.astype(np.float64), [-np.inf])])
        self.truth = np.concatenate([part for video in labels for part in (np.asarray(video) == 1, [False])])
        self.video = np.repeat(np.arange(len(scores)), [len(video) + 1 for video in scores])
        self.videos = len(scores)
        self.normal = np.array([np.count_nonzero(np.asarray(video) == 0) for video in labels], np.float64)
        self._event = np.cumsum(_begins(self.truth))  # the number of the event that a frame is in, or behind
        self.events = int(self._event[-1])
        self._order = np.argsort(-self.flat[self.truth], kind="stable")

    def thresholds(self, counts: NDArray[np.float64], recall: float) -> NDArray[np.float64]:
        """The highest threshold of every draw that reaches the recall, (draws,); an abnormal frame in every draw."""
        found = np.empty(len(counts))
        falling, video = self.flat[self.truth][self._order], self.video[self.truth][self._order]
        for draw, count in enumerate(counts):
            reached = np.cumsum(count[video])
            # 0.9 * 10 must ask for 9 frames whatever its last bit is
            found[draw] = falling[np.searchsorted(reached, recall * reached[-1] - 1e-9)]
        return found

    def alarms(self, threshold: float) -> tuple[int, NDArray[np.int64], int]:
        """How many alarms there are, how many false ones in each video, and how many events hold a frame of one."""
        alarmed = self.flat >= threshold
        begins = _begins(alarmed)
        number = np.cumsum(begins)
        hit = alarmed & self.truth
        false = np.ones(int(number[-1]) + 1, bool)
        false[number[hit]] = False
        per_video = np.bincount(self.video[begins][false[1:]], minlength=self.videos)
        return len(false) - 1, per_video, len(np.unique(self._event[hit]))

    def hourly(self, recall: float, fps: float, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """False alarms an hour in every draw that holds both classes, (usable draws,)."""
        abnormal = np.bincount(self.video, self.truth, self.videos)
        counts = counts[(counts @ abnormal > 0) & (counts @ self.normal > 0)]
        levels, draw = np.unique(self.thresholds(counts, recall), return_inverse=True)
        false = np.array([self.alarms(level)[1] for level in levels]).reshape(-1, self.videos)
        return np.asarray((counts * false[draw]).sum(axis=1) / (counts @ self.normal / fps / 3600))


def _begins(frames: NDArray[np.bool_]) -> NDArray[np.bool_]:
    begins: NDArray[np.bool_] = frames & ~np.concatenate([[False], frames[:-1]])
    return begins
