"""Videos that MATLAB saved as one array."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.matlab import MatError, MatVariable
from syrfa.datasets.video import VideoReader
from syrfa.errors import VideoError

VARIABLE = "vol"


class VolumeFile(VideoReader):
    """A `.mat` file whose `vol` is uint8 (height, width, frames), grey: CUHK Avenue's `training_vol` and `testing_vol`.

    One frame is held at a time.
    """

    def __init__(self, path: Path, expected: int | None = None) -> None:
        try:
            self._variable = MatVariable(path, VARIABLE)
        except (MatError, OSError) as error:
            raise VideoError(f"{path}: not a volume of frames: {error}") from error
        if self._variable.is_cell or len(self._variable.dims) != 3:
            size = " x ".join(str(n) for n in self._variable.dims)
            raise VideoError(f"{path}: {VARIABLE} is {size}; expected height x width x frames")
        super().__init__(path, expected)

    def count(self) -> int:
        """Unpacks the whole file and counts."""
        frames = sum(1 for _ in self._frames())
        self._check_length(frames)
        return frames

    def _frames(self) -> Iterator[NDArray[np.uint8]]:
        try:
            for plane in self._variable:
                if plane.dtype != np.uint8:
                    raise VideoError(f"{self.path}: frames of {plane.dtype}; expected uint8, 0 to 255")
                yield np.ascontiguousarray(plane[..., None], np.uint8)
        except MatError as error:
            raise VideoError(f"{self.path}: {error}") from error
