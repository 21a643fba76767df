"""A data set of two videos with masks, kept in memory."""

import numpy as np
import pytest

from syrfa.datasets import VideoDataset, VideoRecord

HEIGHT, WIDTH, FRAMES = 60, 80, 8


class MemoryDataset(VideoDataset):
    name = "memory"
    splits = ("train", "test")

    def __init__(self, root, names=("Test001", "Test002")):
        super().__init__(root)
        self.names = list(names)

    def videos(self, split):
        return [VideoRecord(name, self.root / name, split) for name in self.names]

    def frame_labels(self, record):
        return None

    def id_mask(self, record, frame):
        if not 0 <= frame < FRAMES:
            return None
        mask = np.zeros((HEIGHT, WIDTH), np.int32)
        shift = frame + 3 * self.names.index(record.name)
        mask[10:40, 5 + shift : 17 + shift] = 1
        mask[12:42, 15 + shift : 27 + shift] = 2
        mask[20:58, 50:64] = 300
        return mask


@pytest.fixture
def make_dataset(tmp_path):
    return lambda names=("Test001", "Test002"): MemoryDataset(tmp_path, names)
