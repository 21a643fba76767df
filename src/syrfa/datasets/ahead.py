"""Frames in batches, the next of which is decoded while the last is worked on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.video import VideoReader

BATCH = 16  # one number wherever a detector is shown frames: the last bits of a network's boxes depend on the batch


def decode_ahead(
    frames: VideoReader, around: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[list[NDArray[np.uint8]]]:
    """Batches of consecutive frames; the next one is decoded in a thread.

    Args:
        frames: the video.
        around: makes a context in which a batch is decoded, to measure it, say.

    Raises:
        VideoError: the video cannot be decoded to its end.
    """
    source = iter(frames)

    def decode() -> list[NDArray[np.uint8]]:
        with around():
            return list(islice(source, BATCH))

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(decode)
        while current := coming.result():
            coming = pool.submit(decode)
            yield current
