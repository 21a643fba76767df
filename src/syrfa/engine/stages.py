"""What each stage of a job costs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageTimer:
    """Adds up seconds by stage; two clock readings a use, so it stands around batches and frames, not around boxes.

    Stages that run in different threads overlap, so that their sum may exceed the time of the whole.

    Attributes:
        seconds: name of a stage -> seconds of wall time spent in it.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the time inside the block; a stage belongs to one thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
