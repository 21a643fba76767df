"""The frame labels of a whole test split in one vector, as `frame_labels_ped2.npy` and its like circulate."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset
from syrfa.datasets.polarity import Meaning, Published, decide_polarity
from syrfa.datasets.vector import open_array
from syrfa.errors import LabelError


class FlatLabels:
    """One number a frame, all test videos in turn.

    Args:
        file: an `.npy` file of shape (frames,) or (1, frames).
        lengths: name -> frames of every test video, in the order of the names.
        published: the counts that decide which way round the labels are.
        told: what the user says 1 means.

    Attributes:
        polarity: what 1 means, and why.

    Raises:
        LabelError: the file is damaged, holds something else, has more or fewer labels than there are frames, or
            nobody can tell what 1 means.
    """

    def __init__(self, file: Path, lengths: Mapping[str, int], published: Published, told: Meaning | None) -> None:
        self.lengths = dict(lengths)
        array = open_array(file)
        vector = array[0] if array.ndim == 2 and len(array) == 1 else array
        if vector.ndim != 1 or vector.dtype.kind not in "buif" or not np.isin(vector, (0, 1)).all():
            raise LabelError(f"{file}: expected one 0 or 1 a frame, got shape {array.shape} of {array.dtype}")
        frames = sum(self.lengths.values())
        if len(vector) != frames:
            raise LabelError(f"{file}: {len(vector)} labels, the {len(self.lengths)} test videos have {frames} frames")
        labels = np.asarray(vector, np.uint8)
        self.polarity = decide_polarity(file, int(labels.sum()), frames, published, told)
        self._labels = labels if self.polarity.meaning == "abnormal" else 1 - labels

    def of(self, name: str) -> NDArray[np.uint8]:
        """The labels of one video, uint8 (frames,), 1 = abnormal."""
        start = 0
        for other, frames in self.lengths.items():
            if other == name:
                break
            start += frames
        return self._labels[start : start + self.lengths[name]]


class FlatLabelled(VideoDataset):
    """A data set of which the labels of the whole test split also circulate in one vector.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in vectors, where the published counts cannot tell.

    Attributes:
        published: the counts of the test split.
    """

    published: ClassVar[Published]

    def __init__(self, root: str | Path, split: str | None = None, one_means: Meaning | None = None) -> None:
        super().__init__(root, split)
        self.one_means = one_means
        self._flat_labels: FlatLabels | None = None

    def _flat(self, file: Path) -> FlatLabels:
        """Opened once, because every test video has to be decoded to know where the next one begins."""
        if self._flat_labels is None:
            lengths = {record.name: record.length() for record in self.videos("test")}
            self._flat_labels = FlatLabels(file, lengths, self.published, self.one_means)
            if self._flat_labels.polarity.surprising:
                self._state(f"{file}: {self._flat_labels.polarity.reason}")
        return self._flat_labels
