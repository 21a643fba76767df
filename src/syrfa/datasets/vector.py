"""Frame labels that lie in an `.npy` file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import LabelError


def read_vector(file: Path, frames: int | None = None) -> NDArray[np.uint8]:
    """Reads one 0 or 1 a frame; nothing in the file is executed.

    Args:
        file: the `.npy` file.
        frames: the decoded length of its video, where that is known.

    Returns:
        uint8 (frames,), as the file has them: which of the two means abnormal is the caller's to know.

    Raises:
        LabelError: the file is damaged, holds something else, or has more or fewer labels than the video has frames.
    """
    try:
        with file.open("rb") as stream:  # numpy.load would take an archive or a pickle of the same name as well
            vector = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise LabelError(f"{file}: a damaged .npy file; copy it again from the release") from error
    if vector.ndim != 1 or not np.isin(vector, (0, 1)).all():
        raise LabelError(f"{file}: expected one 0 or 1 a frame, got shape {vector.shape}")
    if frames is not None and len(vector) != frames:
        raise LabelError(f"{file}: {len(vector)} labels, the video has {frames} frames")
    return np.asarray(vector, np.uint8)
