"""What labels say of a tube: how much of its box abnormal objects cover."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.errors import LabelError
from syrfa.tubes.index import TubeIndex, TubeLabels, VideoInfo

ABNORMAL, NORMAL, UNKNOWN = 1, 0, -1


def label_video(dataset: VideoDataset, record: VideoRecord, info: VideoInfo, index: TubeIndex) -> TubeLabels:
    """What the labels of one video say of its frames and tubes.

    How much of a box abnormal objects cover, first match wins:
      1. an abnormal object is tracked in the frame and there is an id mask: the share of the box its pixels cover;
      2. an abnormal object is tracked in it but no mask: NaN, unknown;
      3. the frame is labelled normal, or the video has tracks and none reaches it: 0;
      4. the frame is labelled abnormal and nothing says where: NaN, unknown;
      5. nothing is labelled: 0 where the release has an id mask of the frame (nothing abnormal in it), else NaN.
    A tube of unknown label is never used for supervised training; it is scored like any other.

    `info` holds the video's length and size, `index` its tubes alone.

    Raises:
        LabelError: there are more or fewer frame labels than frames, or an id mask is of another size than the video.
    """
    labels = dataset.frame_labels(replace(record, frames=info.frames))
    if labels is not None and len(labels) != info.frames:
        raise LabelError(
            f"{record.path}: {info.frames} frames but {len(labels)} frame labels; "
            "video and labels must come from the same release"
        )
    tracks = dataset.tracks(record)
    overlap = np.empty(len(index), np.float32)
    for frame in np.unique(index.frame).tolist():
        rows = slice(*np.searchsorted(index.frame, [frame, frame + 1]))
        abnormal = sorted({track.object_id for track in tracks if track.start <= frame <= track.end})
        if abnormal:
            mask = _mask(dataset, record, frame, (info.height, info.width))
            overlap[rows] = np.nan if mask is None else covered(np.isin(mask, abnormal), index.xyxy[rows])
        elif labels is not None:
            overlap[rows] = 0 if tracks or not labels[frame] else np.nan
        else:
            overlap[rows] = 0 if tracks or dataset.id_mask(record, frame) is not None else np.nan
    return TubeLabels(
        overlap=overlap,
        frame_labels=np.zeros(info.frames, np.uint8) if labels is None else np.asarray(labels, np.uint8),
        label_offset=np.array([0, info.frames], np.int64),
        has_labels=np.array([labels is not None]),
    )


def _mask(dataset: VideoDataset, record: VideoRecord, frame: int, size: tuple[int, int]) -> NDArray[np.int32] | None:
    mask = dataset.id_mask(record, frame)
    if mask is not None and mask.shape != size:
        raise LabelError(
            f"{record.annotations or record.path}: the id mask of frame {frame} is {mask.shape[1]}x{mask.shape[0]}, "
            f"the video {size[1]}x{size[0]}; fetch masks and videos of one release"
        )
    return mask


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
