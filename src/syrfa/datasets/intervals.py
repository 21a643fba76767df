"""Abnormal intervals in a table of one's own. What its numbers mean is said by options, never guessed."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.labels import read_text
from syrfa.errors import ConfigError, LabelError

Unit = Literal["frames", "seconds"]

COLUMNS = ("video", "start", "end")


@dataclass(frozen=True)
class IntervalRule:
    """What the numbers of a table of intervals mean.

    Attributes:
        unit: `frames` or `seconds`.
        first_frame: the number of the first frame, 0 or 1; for frames.
        end_included: whether the frame `end` is abnormal itself; for frames.
        fps: frames a second; for seconds. Frame i lasts from i / fps to (i + 1) / fps, and is abnormal where the
            interval from `start` up to `end` has a part of that.
    """

    unit: Unit | None = None
    first_frame: Literal[0, 1] | None = None
    end_included: bool | None = None
    fps: float | None = None

    def __str__(self) -> str:
        if self.unit == "seconds":
            return f"seconds, {self.fps:g} frames each"
        return f"frames counted from {self.first_frame}, the end {'' if self.end_included else 'not '}included"

    def __post_init__(self) -> None:
        if self.unit is None:
            raise ConfigError("labels: say what start and end count: unit=frames or unit=seconds")
        if self.unit == "frames" and (self.first_frame is None or self.end_included is None):
            raise ConfigError(
                "labels in frames: say what the first frame is called, first_frame=0 or first_frame=1, and whether the "
                "frame end is abnormal itself, end_included=true or end_included=false"
            )
        if self.unit == "seconds" and not (self.fps is not None and 0 < self.fps < 1e6):
            raise ConfigError("labels in seconds: say how many frames a second has, e.g. fps=25")

    def frames(self, start: float, end: float) -> tuple[int, int]:
        """The interval as frames (first, stop), counted from 0, without `stop`."""
        if not (math.isfinite(start) and math.isfinite(end) and abs(start) < 1e12 and abs(end) < 1e12):
            raise ValueError
        if self.unit == "seconds":
            fps = self.fps or math.nan
            first, stop = math.floor(start * fps + 1e-6), math.ceil(end * fps - 1e-6)
        else:
            if start % 1 or end % 1:
                raise ValueError
            offset = self.first_frame or 0
            first, stop = int(start) - offset, int(end) - offset + bool(self.end_included)
        if first < 0 or stop <= first:
            raise ValueError
        return first, stop


class IntervalTable:
    """A CSV file with the columns video, start and end, a row an interval, without start and end a normal video.

    Args:
        file: the table; its first line names the columns, others may stand beside them.
        names: what a video may be called in it -> its name.
        rule: what the numbers mean.
    """

    def __init__(self, file: Path, names: Mapping[str, str], rule: IntervalRule) -> None:
        self.file = file
        self.intervals: dict[str, list[tuple[int, int]]] = {}
        text = read_text(file)
        if "\0" in text:
            raise LabelError(f"{file}: not a text file")
        try:
            self._read(csv.DictReader(io.StringIO(text), strict=True), names, rule)
        except csv.Error as error:
            raise LabelError(f"{file}: not a CSV file: {error}") from error

    def labels(self, name: str, frames: int) -> NDArray[np.uint8] | None:
        """Frame labels of a video, uint8 (frames,), 1 = abnormal; None where the table does not name it."""
        if name not in self.intervals:
            return None
        labels = np.zeros(frames, np.uint8)
        for first, stop in self.intervals[name]:
            if stop > frames:
                raise LabelError(
                    f"{self.file}: {name} is abnormal to frame {stop - 1} counted from 0, the video has {frames} "
                    "frames; are first_frame, end_included and fps right?"
                )
            labels[first:stop] = 1
        return labels

    def _read(self, rows: "csv.DictReader[str]", names: Mapping[str, str], rule: IntervalRule) -> None:
        columns = [column.strip().lower() for column in rows.fieldnames or []]
        if not set(COLUMNS) <= set(columns):
            raise LabelError(f"{self.file}: its first line is {','.join(columns)[:80]!r}; expected video,start,end")
        rows.fieldnames = columns
        for row in rows:
            video, start, end = ((row[column] or "").strip() for column in COLUMNS)
            if video not in names:
                raise LabelError(
                    f"{self.file}: line {rows.line_num}: no video {video[:80]!r}; write its path below the root, e.g. "
                    f"{next(iter(names), 'camera1/monday.mp4')}"
                )
            found = self.intervals.setdefault(names[video], [])
            if start or end:
                try:
                    found.append(rule.frames(float(start), float(end)))
                except (ValueError, OverflowError) as error:
                    raise LabelError(
                        f"{self.file}: line {rows.line_num}: {start[:20]!r} to {end[:20]!r} is no interval of {rule}"
                    ) from error
