"""Building a tube cache: a video at a time, on an engine, resumable, the manifest last, then the labels."""

import contextlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.engine import EngineName, JobStore, StepTimer, VideoDone, run_job
from syrfa.engine.store import PARTS
from syrfa.errors import CacheError, DetectionError
from syrfa.tubes.cache import (
    INDEX,
    MANIFEST,
    SCHEMA,
    Identity,
    TubeCache,
    cache_folder,
    cache_identity,
    cache_key,
    labels_file,
)
from syrfa.tubes.index import TubeIndex, TubeLabels, VideoInfo, join_indices, join_labels, open_shard, writes_to
from syrfa.tubes.labels import label_video
from syrfa.tubes.spec import TubeSpec
from syrfa.tubes.stream import TubeStream, stream_video
from syrfa.utils.files import sha256_file, sweep

_PACK = 1024  # frames whose boxes are held apart until they are joined: an array costs more than a few boxes


def build_cache(
    dataset: VideoDataset,
    split: str,
    detector: Detector,
    spec: TubeSpec,
    root: str | Path,
    workers: int | None = None,
    progress: bool = True,
    engine: EngineName = "local",
    listener: Callable[[VideoDone], object] | None = None,
) -> TubeCache:
    """Opens the cache of a split, building what is missing of it first.

    A build that was killed goes on at the next video, and the result is the same to the byte, whatever the engine and
    the number of workers. Of two builds at once the second waits for the first. Where the labels of the data set have
    changed, only they are read again.

    Args:
        dataset: where videos and labels are.
        split: one of its splits.
        detector: finds the boxes.
        spec: how boxes become tubes.
        root: the folder that holds all caches; under Ray one that all nodes share.
        workers: videos at a time; see `syrfa.engine.run_job`.
        progress: show how far it is.
        engine: where videos are worked on: `local` processes or a `ray` cluster.
        listener: is given the report of every video that was not there yet.

    Raises:
        CacheError: an older cache at this place is damaged, or the disk is full.
        DetectionError: no video of the split has a box, or none above the threshold; or boxes do not fit a video.
        EngineError: a worker died at the same video every time.
        LabelError: labels do not fit a video.
        VideoError: a video cannot be decoded. As the two before, it is raised when all other videos are done.
    """
    identity = cache_identity(dataset, split, detector, spec)
    folder = cache_folder(root, identity)
    records = dataset.videos(split)
    labels = labels_file(folder, dataset.labels_hash(split))
    built = False
    if not (folder / MANIFEST).exists():
        store = JobStore(folder, identity, hash_files=False)
        job = CacheJob(dataset, detector, spec.for_split(split), store, labels)
        with contextlib.ExitStack() as alone:
            with writes_to(folder):
                alone.enter_context(store.lock(wait=True))
                sweep(folder)
                store.claim()
            if built := not (folder / MANIFEST).exists():
                todo = [record for record in records if read_part(store, record.name) is None]
                for done in run_job(job, todo, engine, workers, progress, f"{dataset.name} {split}"):
                    if listener is not None:
                        listener(done)
                _finish(store, records)
    cache = TubeCache.open(folder)
    if not built:
        with contextlib.suppress(CacheError):  # the labels have changed, or their file is damaged
            cache.read_labels(labels)
            return cache
    _write_labels(cache, dataset, records, labels, progress)
    cache.read_labels(labels)
    return cache


class CacheJob:
    """Writes the shard, the index and the labels of any video of a split; see `syrfa.engine.Job`.

    `spec` has its margin decided; `labels` is the file of the labels of all videos, which is not there yet.
    """

    def __init__(
        self, dataset: VideoDataset, detector: Detector, spec: TubeSpec, store: JobStore, labels: Path
    ) -> None:
        self.dataset, self.detector, self.spec, self.store, self.labels = dataset, detector, spec, store, labels
        self.runs_network = detector.runs_network

    def run(self, record: VideoRecord) -> VideoDone:
        """Works on one video, in one pass over it; where labels do not fit it, its tubes are finished all the same."""
        timer = StepTimer()
        shard, part = self.store.folder / f"{record.name}.npy", _index_file(self.store, record.name)
        stream, index = stream_video(
            self.dataset, record, self.detector, self.spec, lambda stream: (stream, _cut(stream, shard, timer)), timer
        )
        with timer.step("write"):
            seen = {name: getattr(stream, name) for name in ("frames", "height", "width", "channels", "boxes")}
            size, digest = shard.stat().st_size, sha256_file(shard)
            info = VideoInfo(name=record.name, **seen, tubes=len(index), bytes=size, sha256=digest)
            index.save(part)
            with writes_to(part.with_suffix(".json")):
                self.store.finish(record.name, asdict(info), [shard, part])
        with timer.step("label"):
            label_video(self.dataset, record, info, index).save(_label_part(self.labels, record.name))
        return VideoDone(record.name, info.frames, timer.seconds)


def read_part(store: JobStore, name: str) -> tuple[VideoInfo, TubeIndex] | None:
    """What a finished video adds to the cache; None when it is not finished."""
    if (content := store.part(name)) is not None:
        with contextlib.suppress(CacheError):
            info, index = VideoInfo(**content), TubeIndex.load(_index_file(store, name))
            if len(index) == info.tubes:
                return info, index
    return None


def _index_file(store: JobStore, name: str) -> Path:
    return store.folder / PARTS / f"{name}.npz"


def _label_part(labels: Path, name: str) -> Path:
    return labels.parent / PARTS / f"{name}.{labels.name}"


def _cut(stream: TubeStream, shard: Path, timer: StepTimer) -> TubeIndex:
    """Writes the shard; returns the index of this video alone, as video 0."""
    spec = stream.spec
    boxes: list[Detections] = []
    frames: list[int] = []
    counts: list[int] = []
    with writes_to(shard), open_shard(shard, (spec.frames, spec.size, spec.size, stream.channels)) as append:
        for frame, found, tubes in stream:
            frames.append(frame)
            counts.append(len(found))
            boxes.append(found)
            if len(boxes) == _PACK:
                boxes = [Detections.join(boxes)]
            with timer.step("write"):
                append(tubes)
    whole = Detections.join(boxes)
    return TubeIndex(
        video=np.zeros(len(whole), np.int32),
        frame=np.repeat(np.array(frames, np.int32), counts),
        xyxy=whole.xyxy,
        confidence=whole.confidence,
        class_id=whole.class_id,
        row=np.arange(len(whole), dtype=np.int64),
    )


def _finish(store: JobStore, records: list[VideoRecord]) -> None:
    """Joins the parts; the manifest is written when everything it names is on disk."""
    done = [part for part in (read_part(store, record.name) for record in records) if part is not None]
    folder = store.folder
    if len(done) < len(records):
        raise CacheError(
            f"{folder}: a finished video is not there; run syrfa prepare again (all nodes of a cluster must share the "
            "folder)"
        )
    infos = [info for info, _ in done]
    sums = {name: sum(getattr(info, name) for info in infos) for name in ("frames", "boxes", "tubes", "bytes")}
    _check_not_empty(infos, store.identity, sums["frames"], sums["boxes"], sums["tubes"])
    join_indices([index for _, index in done]).save(folder / INDEX)
    manifest = {
        "schema": SCHEMA,
        "key": cache_key(store.identity),
        "identity": store.identity,
        "videos": [asdict(info) for info in infos],
        "index": {"sha256": sha256_file(folder / INDEX), "bytes": (folder / INDEX).stat().st_size},
        **sums,
    }
    with writes_to(folder / MANIFEST):
        store.complete(MANIFEST, manifest)


def _write_labels(
    cache: TubeCache, dataset: VideoDataset, records: list[VideoRecord], file: Path, progress: bool
) -> None:
    """Writes the labels of all videos to `file`: those that the workers left, and the others read now."""
    sweep(cache.folder)
    found = []
    shown = tqdm(records, f"labels of {dataset.name}", unit="video", disable=None if progress else True)
    for number, record in enumerate(shown):
        part = _label_part(file, record.name)
        try:
            labels = TubeLabels.load(part)
        except CacheError:
            labels = label_video(dataset, record, cache.video_infos[number], cache.index.of_video(number))
            labels.save(part)
        found.append(labels)
    join_labels(found).save(file)


def _check_not_empty(infos: list[VideoInfo], identity: Identity, frames: int, boxes: int, tubes: int) -> None:
    where, spec = f"{identity['dataset']} {identity['split']}", TubeSpec(**identity["spec"])
    longest = max(info.frames for info in infos)
    if not spec.centres(longest):
        raise DetectionError(
            f"{where}: spec.margin ({spec.margin}) leaves none of the frames of videos of at most {longest}; lower it"
        )
    if boxes == 0:
        raise DetectionError(
            f"{where}: not one box in {frames} frames of {len(infos)} videos; check the detector's weights, classes "
            "and image size, or the file of boxes"
        )
    if tubes == 0:
        raise DetectionError(
            f"{where}: none of {boxes} boxes became a tube: lower spec.min_confidence ({spec.min_confidence}) or "
            f"spec.margin ({spec.margin})"
        )
