"""How far a job is: a bar where there is a terminal, a line a minute where there is none."""

import sys
import time
from datetime import timedelta
from types import TracebackType

from tqdm import tqdm

LOG_SECONDS = 60.0  # between two lines of a log


class Progress:
    """Counts videos and frames.

    Args:
        videos: how many there are.
        title: of the job.
        shown: False shows nothing.
    """

    def __init__(self, videos: int, title: str, shown: bool = True) -> None:
        self.videos, self.title, self.shown = videos, title, shown
        self.done, self.frames = 0, 0
        self.start = self.said = time.monotonic()
        self._bar = tqdm(total=videos, desc=title, unit="video", disable=None if shown else True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def update(self, frames: int) -> None:
        """Notes a finished video of so many frames."""
        self.done += 1
        self.frames += frames
        now = time.monotonic()
        self._bar.set_postfix_str(f"{self.frames / max(now - self.start, 1e-9):,.0f} frames/s", refresh=False)
        self._bar.update()
        if self.shown and not sys.stderr.isatty() and now - self.said >= LOG_SECONDS:
            self.said = now
            print(self.line(now - self.start), file=sys.stderr, flush=True)

    def line(self, seconds: float) -> str:
        """What stands in a log after so many seconds."""
        left = timedelta(seconds=round(seconds / self.done * (self.videos - self.done)))
        return (
            f"{self.title}: {self.done:,} of {self.videos:,} videos, {self.frames:,} frames, "
            f"{self.frames / seconds:,.0f} frames/s, about {left} left"
        )
