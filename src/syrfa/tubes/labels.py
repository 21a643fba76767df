"""What labels say of a tube: how much of its box abnormal objects cover."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import Track, VideoDataset, VideoRecord
from syrfa.errors import LabelError
from syrfa.tubes.index import TubeIndex, TubeLabels, VideoInfo

ABNORMAL, NORMAL, UNKNOWN = 1, 0, -1


def label_video(dataset: VideoDataset, record: VideoRecord, info: VideoInfo, index: TubeIndex) -> TubeLabels:
    """The labels of one video and its tubes.

    Args:
        dataset: the data set of the video.
        record: the video.
        info: its length and size.
        index: its tubes alone.

    Raises:
        LabelError: there are more or fewer frame labels than frames, or an id mask is of another size than the video.
    """
    frames = frame_labels(dataset, record, info.frames)
    objects = ObjectLabels(dataset, record, frames)
    overlap = np.empty(len(index), np.float32)
    for frame in np.unique(index.frame).tolist():
        rows = slice(*np.searchsorted(index.frame, [frame, frame + 1]))
        overlap[rows] = objects.overlaps(frame, index.xyxy[rows], info.height, info.width)
    return TubeLabels(
        overlap=overlap,
        frame_labels=np.zeros(info.frames, np.uint8) if frames is None else np.asarray(frames, np.uint8),
        label_offset=np.array([0, info.frames], np.int64),
        has_labels=np.array([frames is not None]),
    )


def frame_labels(dataset: VideoDataset, record: VideoRecord, frames: int) -> NDArray[np.uint8] | None:
    """The frame labels of a video whose length is known, (frames,), 1 = abnormal; None where it has none.

    Raises:
        LabelError: there are more or fewer of them.
    """
    labels = dataset.frame_labels(replace(record, frames=frames))
    if labels is not None and len(labels) != frames:
        raise LabelError(
            f"{record.path}: {frames} frames but {len(labels)} frame labels; "
            "video and labels must come from the same release"
        )
    return labels


class ObjectLabels:
    """The object-level labels of one video.

    What is known of a frame, first match wins:
      1. an abnormal object is tracked in it and there is an id mask: the share of the box its pixels cover;
      2. an abnormal object is tracked in it but no mask: NaN, unknown;
      3. the frame is labelled normal, or the video has tracks and none reaches it: 0;
      4. the frame is labelled abnormal and nothing says where: NaN, unknown;
      5. nothing is labelled: 0 where the release has an id mask of the frame (nothing abnormal in it), else NaN.
    A tube of unknown label is never used for supervised training; it is scored like any other.

    Args:
        dataset: the data set of the video.
        record: the video.
        frame_labels: its frame labels, or None.
    """

    def __init__(self, dataset: VideoDataset, record: VideoRecord, frame_labels: NDArray[np.uint8] | None) -> None:
        self.dataset = dataset
        self.record = record
        self.frame_labels = frame_labels
        self.tracks: list[Track] = dataset.tracks(record)

    def overlaps(self, frame: int, xyxy: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
        """Share of each box, in [0, 1], that abnormal objects cover in `frame`; NaN where it is not known.

        Args:
            frame: 0-based.
            xyxy: (n, 4), in pixels.
            height: of the video.
            width: of the video.

        Raises:
            LabelError: the id mask is of another size than the video.
        """
        abnormal = sorted({t.object_id for t in self.tracks if t.start <= frame <= t.end})
        if not abnormal:
            return np.full(len(xyxy), 0 if self._known_normal(frame) else np.nan, np.float32)
        mask = self.dataset.id_mask(self.record, frame)
        if mask is None:
            return np.full(len(xyxy), np.nan, np.float32)
        if mask.shape != (height, width):
            raise LabelError(
                f"{self.record.annotations or self.record.path}: the id mask of frame {frame} is "
                f"{mask.shape[1]}x{mask.shape[0]}, the video {width}x{height}; fetch masks and videos of one release"
            )
        return covered(np.isin(mask, abnormal), xyxy)

    def _known_normal(self, frame: int) -> bool:
        if self.frame_labels is not None and not self.frame_labels[frame]:
            return True
        if self.tracks:
            return True
        return self.frame_labels is None and self.dataset.id_mask(self.record, frame) is not None


def covered(mask: NDArray[np.bool_], xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of each box's area on true pixels, (n,), exact: pixel (i, j) is the square [j, j+1) x [i, i+1)."""
    shares = np.zeros(len(xyxy), np.float32)
    for i, (left, top, right, bottom) in enumerate(xyxy.astype(np.float64)):
        if right <= left or bottom <= top:
            continue
        down, rows = _pixel_lengths(top, bottom, mask.shape[0])
        across, columns = _pixel_lengths(left, right, mask.shape[1])
        shares[i] = min(1.0, float(down @ mask[rows, columns] @ across) / ((right - left) * (bottom - top)))
    return shares


def _pixel_lengths(low: float, high: float, extent: int) -> tuple[NDArray[np.float64], slice]:
    """How much of each pixel of an axis lies between `low` and `high`, and which pixels these are."""
    first, stop = max(int(np.floor(low)), 0), min(int(np.ceil(high)), extent)
    edges = np.clip(np.arange(first, max(stop, first) + 1, dtype=np.float64), low, high)
    return np.diff(edges), slice(first, max(stop, first))


def to_labels(overlap: NDArray[np.float32], min_overlap: float) -> NDArray[np.int8]:
    """ABNORMAL where overlap > min_overlap, UNKNOWN where it is NaN, else NORMAL."""
    labels = np.where(overlap > min_overlap, ABNORMAL, NORMAL)
    return np.where(np.isnan(overlap), UNKNOWN, labels).astype(np.int8)
