"""Building a tube cache: a video at a time, in processes, resumable, the manifest last."""

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detector
from syrfa.errors import CacheError, ConfigError, DetectionError
from syrfa.files import sha256_file
from syrfa.tubes.cache import INDEX, MANIFEST, SCHEMA, Recipe, TubeCache, cache_folder, cache_key, cache_recipe
from syrfa.tubes.extract import VideoInfo, extract_video
from syrfa.tubes.index import TubeIndex, concatenate
from syrfa.tubes.spec import TubeSpec
from syrfa.tubes.storage import owned_write, sealed, sweep, sync_folder, unsealed

PARTS = "parts"  # one small file a finished video: what it adds to the index and the manifest
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def build_cache(
    dataset: VideoDataset,
    split: str,
    detector: Detector,
    spec: TubeSpec,
    root: str | Path,
    workers: int | None = None,
    progress: bool = True,
) -> TubeCache:
    """Opens the cache of a split, building what is missing of it first.

    A build that was killed goes on at the next video, and the result is the same to the byte. Two builds at once do
    the same work twice and harm nothing.

    Args:
        dataset: where videos and labels are.
        split: one of its splits.
        detector: finds the boxes.
        spec: how boxes become tubes.
        root: the folder that holds all caches.
        workers: processes; None for one a CPU core, but one alone for a detector that needs frames where there is a
            GPU, because each process would load the detector onto it; 1 builds in this process.
        progress: show a bar, where there is a terminal to show it on.

    Raises:
        CacheError: an older cache at this place is damaged, the disk is full, or a worker died.
        DetectionError: no video of the split has a box, or none above the threshold.
        LabelError: labels do not fit a video.
        VideoError: a video cannot be decoded.
    """
    recipe = cache_recipe(dataset, split, detector, spec)
    folder = cache_folder(root, recipe)
    if (folder / MANIFEST).exists():
        return TubeCache.open(folder)
    records = dataset.videos(split)
    for record in records:
        if record.name != Path(record.name).name:
            raise ConfigError(f"{record.path}: the video name {record.name!r} cannot be a file name")
    sweep(folder)
    todo = [record for record in records if read_part(folder, record.name) is None]
    job = _Job(dataset, detector, spec.for_split(split), folder)
    _extract_all(job, todo, workers or _default_workers(detector), progress, f"{dataset.name} {split}")
    _finish(folder, recipe, records)
    return TubeCache.open(folder)


class _Job:
    """What a process needs to build any video of a split."""

    def __init__(self, dataset: VideoDataset, detector: Detector, spec: TubeSpec, folder: Path) -> None:
        self.dataset, self.detector, self.spec, self.folder = dataset, detector, spec, folder

    def run(self, record: VideoRecord) -> None:
        """Writes the shard, then the part that says the shard is whole."""
        shard = self.folder / f"{record.name}.npy"
        info, index = extract_video(self.dataset, record, self.detector, self.spec, shard)
        _write_part(self.folder, info, index)


def _extract_all(job: _Job, records: list[VideoRecord], workers: int, progress: bool, title: str) -> None:
    workers = min(workers, len(records))
    with tqdm(total=len(records), desc=title, unit="video", disable=None if progress else True) as bar:
        if workers <= 1:
            for record in records:
                job.run(record)
                bar.update()
            return
        # spawned, not forked: the parent may hold a GPU or running threads, which a fork does not survive
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (job,))
        try:
            with _single_threaded_children():
                tasks = [pool.submit(_run_in_worker, record) for record in records]
            for task in as_completed(tasks):
                task.result()
                bar.update()
        except BrokenProcessPool as error:
            raise CacheError(
                f"{job.folder}: a worker process died, most likely for want of memory; run syrfa prepare again "
                "with fewer workers: it goes on where it stopped"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_job: _Job | None = None


def _start_worker(job: _Job) -> None:
    global _job
    _job = job
    cv2.setNumThreads(1)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """A killed builder must not leave workers that wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run_in_worker(record: VideoRecord) -> None:
    assert _job is not None
    _job.run(record)


@contextmanager
def _single_threaded_children() -> Iterator[None]:
    """Numerical libraries read their thread counts when first loaded, so children get them from the environment."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _default_workers(detector: Detector) -> int:
    if detector.runs_network:
        import torch  # only here: boxes from files need no torch

        if torch.cuda.is_available():
            return 1
    return len(os.sched_getaffinity(0))


def _write_part(folder: Path, info: VideoInfo, index: TubeIndex) -> None:
    index.save(folder / PARTS / f"{info.name}.npz")
    with owned_write(folder / PARTS / f"{info.name}.json") as file:
        file.write(json.dumps(sealed(asdict(info)), sort_keys=True).encode())


def read_part(folder: Path, name: str) -> tuple[VideoInfo, TubeIndex] | None:
    """What a finished video adds to the cache; None when it is not finished."""
    try:
        info = VideoInfo(**unsealed(json.loads((folder / PARTS / f"{name}.json").read_bytes())))
        index = TubeIndex.load(folder / PARTS / f"{name}.npz")
        whole = (folder / f"{name}.npy").stat().st_size == info.bytes and len(index) == info.tubes
    except (OSError, ValueError, TypeError, RecursionError, CacheError):
        return None
    return (info, index) if whole else None


def _finish(folder: Path, recipe: Recipe, records: list[VideoRecord]) -> None:
    """Joins the parts; the manifest is written when everything it speaks of is on disk."""
    parts = [read_part(folder, record.name) for record in records]
    done = [part for part in parts if part is not None]
    if len(done) < len(records):
        raise CacheError(f"{folder}: a finished video has vanished; run syrfa prepare again")
    infos = [info for info, _ in done]
    _check_not_empty(infos, recipe)
    concatenate([index for _, index in done]).save(folder / INDEX)
    sweep(folder)
    sync_folder(folder)
    manifest = {
        "schema": SCHEMA,
        "key": cache_key(recipe),
        "recipe": recipe,
        "videos": [asdict(info) for info in infos],
        "index": {"sha256": sha256_file(folder / INDEX), "bytes": (folder / INDEX).stat().st_size},
        "frames": sum(info.frames for info in infos),
        "boxes": sum(info.boxes for info in infos),
        "tubes": sum(info.tubes for info in infos),
        "bytes": sum(info.bytes for info in infos),
    }
    with owned_write(folder / MANIFEST) as file:
        file.write(json.dumps(sealed(manifest), indent=2, sort_keys=True, allow_nan=False).encode() + b"\n")
    sync_folder(folder)


def _check_not_empty(infos: list[VideoInfo], recipe: Recipe) -> None:
    where = f"{recipe['dataset']} {recipe['split']}"
    frames = sum(info.frames for info in infos)
    boxes = sum(info.boxes for info in infos)
    if boxes == 0 and not any(TubeSpec(**recipe["spec"]).centres(info.frames) for info in infos):
        raise DetectionError(
            f"{where}: spec.margin ({recipe['spec']['margin']}) leaves no frame of videos of at most "
            f"{max(info.frames for info in infos)} frames; lower it"
        )
    if boxes == 0:
        raise DetectionError(
            f"{where}: not one box in {frames} frames of {len(infos)} videos; check the detector's weights, classes "
            "and image size, or the file of boxes"
        )
    if sum(info.tubes for info in infos) == 0:
        threshold = recipe["spec"]["min_confidence"]
        raise DetectionError(
            f"{where}: none of {boxes} boxes became a tube: lower spec.min_confidence ({threshold}), or the videos "
            f"({np.median([info.frames for info in infos]):.0f} frames) are too short for spec.margin "
            f"({recipe['spec']['margin']})"
        )
