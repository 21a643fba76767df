"""Making a file of boxes: a video at a time, on an engine, resumable, the file last."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.video import open_video
from syrfa.detection.base import Detections, Detector
from syrfa.detection.box_file import BoxFile, Origin, check_rows, outside, read_boxes, write_boxes
from syrfa.engine import EngineName, JobStore, StepTimer, VideoDone, run_job
from syrfa.errors import CacheError, ConfigError, DetectionError
from syrfa.tubes.cache import KEY_LENGTH
from syrfa.tubes.index import Table, writes_to
from syrfa.tubes.stream import one_a_frame, shown_batches
from syrfa.utils.files import sha256_json, sync_folder


@dataclass(frozen=True)
class VideoBoxes(Table):
    """The boxes of one video, as in a `BoxFile`; `shape` is its length in frames, height and width in pixels."""

    boxes: NDArray[np.float32]
    class_id: NDArray[np.int16]
    frame: NDArray[np.int32]
    shape: NDArray[np.int64]


def detect_split(
    dataset: VideoDataset,
    split: str,
    detector: Detector,
    out: Path,
    workers: int | None = None,
    progress: bool = True,
    overwrite: bool = False,
    engine: EngineName = "local",
) -> bool:
    """Writes the boxes of a split to a file that `FileDetector` reads.

    Tubes cut from the file are the same to the byte as tubes cut with the detector. A run that was killed goes on at
    the next video; the file is the same to the byte whatever the number of processes.

    Next to `out` is a folder of finished videos while it is made; `overwrite` replaces a file of other boxes. The other
    arguments are those of `build_cache`.

    Returns:
        False when the file was there already.

    Raises:
        ConfigError: `out` holds something else, another process is making it, or a video's name cannot be a file name.
        CacheError: the disk is full.
        EngineError: a worker died at the same video every time.
        DetectionError: the detector's boxes are malformed, or there is none in the whole split.
        VideoError: a video cannot be decoded.
    """
    identity = json.loads(json.dumps(detector.identity()))  # as it is read back: tuples are lists there
    origin = Origin(identity, dataset.name, split, dataset.videos_hash(split))
    if _is_there(out, origin, dataset, overwrite):
        return False
    records = dataset.videos(split)
    store = JobStore(out.with_name(f".{out.name}.{sha256_json(asdict(origin))[:KEY_LENGTH]}"), asdict(origin))
    with store.lock():
        if _is_there(out, origin, dataset, overwrite):  # another process has finished it meanwhile
            return False
        store.claim()
        left = set(store.left(record.name for record in records))
        todo = [record for record in records if record.name in left]
        for _ in run_job(BoxJob(dataset, detector, store), todo, engine, workers, progress, f"{dataset.name} {split}"):
            pass  # the parts are on disk
        _finish(store, out, origin, records)
    return True


class BoxJob:
    """Writes the part of any video of a split; see `syrfa.engine.Job`."""

    def __init__(self, dataset: VideoDataset, detector: Detector, store: JobStore) -> None:
        self.dataset, self.detector, self.store = dataset, detector, store
        self.runs_network = detector.runs_network

    def run(self, record: VideoRecord) -> VideoDone:
        """Detects, checks and writes."""
        timer = StepTimer()
        reader = open_video(record.path)
        found: list[Detections] = []
        for first, stack in shown_batches(self.dataset, record, reader, self.detector):
            with timer.step("detect"):
                found += one_a_frame(self.detector.detect(stack, first), stack, record, first)
        whole = Detections.join(found)
        boxes = np.concatenate([whole.xyxy, whole.confidence[:, None]], axis=1).astype(np.float32)
        frame = np.repeat(np.arange(len(found), dtype=np.int32), [len(one) for one in found])
        check_rows(record.path, boxes, np.zeros(len(boxes), np.int64), frame.astype(np.int64), [len(found)])
        beyond = np.flatnonzero(outside(boxes, reader.height, reader.width))
        if len(beyond):
            raise DetectionError(
                f"{record.path}: frame {frame[beyond[0]]} has a box outside the {reader.width}x{reader.height} frame; "
                f"{len(beyond)} such boxes"
            )
        shape = np.array([len(found), reader.height, reader.width], np.int64)
        file = _boxes_file(self.store, record.name)
        with timer.step("write"), writes_to(file):
            VideoBoxes(boxes, whole.class_id.astype(np.int16), frame, shape).save(file)
            self.store.finish(record.name, {}, [file])
        return VideoDone(record.name, len(found), timer.seconds)


def _boxes_file(store: JobStore, name: str) -> Path:
    return store.folder / f"{name}.npz"


def _is_there(out: Path, origin: Origin, dataset: VideoDataset, overwrite: bool) -> bool:
    """Whether `out` holds these very boxes; raises when it holds others that may not be replaced."""
    if not out.exists():
        return False
    reason = f"{out}: holds boxes of another detector or copy of the data"
    try:
        found = read_boxes(out).origin
    except DetectionError as error:
        found, reason = None, str(error)
    if found is not None and found == replace(origin, manifest=found.manifest) and found.is_of(dataset):
        return True
    if not overwrite:
        raise ConfigError(f"{reason}; add --overwrite true to replace it, or give another --out")
    return False


def _finish(store: JobStore, out: Path, origin: Origin, records: list[VideoRecord]) -> None:
    """Joins the parts, in the order of the data set; the folder goes when the file is on disk."""
    if store.left(record.name for record in records):
        raise CacheError(f"{store.folder}: a finished video has vanished; run syrfa detect again")
    parts = [VideoBoxes.load(_boxes_file(store, record.name)) for record in records]
    counts, shapes = [len(part.boxes) for part in parts], [part.shape.tolist() for part in parts]
    if sum(counts) == 0:
        frames = sum(length for length, _, _ in shapes)
        raise DetectionError(
            f"{origin.dataset} {origin.split}: not one box in {frames} frames of {len(parts)} videos; check the "
            "detector's weights, classes and image size"
        )
    content = BoxFile(
        path=store.folder / ".whole.npz",
        boxes=np.concatenate([part.boxes for part in parts]),
        class_id=np.concatenate([part.class_id for part in parts]),
        video=np.repeat(np.arange(len(parts), dtype=np.int64), counts),
        frame=np.concatenate([part.frame for part in parts]).astype(np.int64),
        row=np.arange(sum(counts)),
        names=[record.name for record in records],
        frames_per_video=[length for length, _, _ in shapes],
        frame_sizes=[(height, width) for _, height, width in shapes],
        origin=origin,
    )
    write_boxes(content)  # in the folder of the parts, so that nothing is left of one that was killed
    content.path.replace(out)
    sync_folder(out.parent)
    shutil.rmtree(store.folder, ignore_errors=True)
