"""Building a tube cache: a video at a time, on an engine, resumable, the manifest last."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detector
from syrfa.engine import EngineName, StageTimer, VideoDone, run_job
from syrfa.errors import CacheError, ConfigError, DetectionError
from syrfa.tubes.cache import INDEX, MANIFEST, SCHEMA, Recipe, TubeCache, cache_folder, cache_key, cache_recipe
from syrfa.tubes.extract import VideoInfo, extract_video
from syrfa.tubes.index import TubeIndex, concatenate
from syrfa.tubes.spec import TubeSpec
from syrfa.tubes.storage import owned_write, sealed, sweep, sync_folder, unsealed
from syrfa.utils.files import sha256_file

PARTS = "parts"  # one small file a finished video: what it adds to the index and the manifest


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
    the number of workers. Two builds at once do the same work twice and harm nothing.

    Args:
        dataset: where videos and labels are.
        split: one of its splits.
        detector: finds the boxes.
        spec: how boxes become tubes.
        root: the folder that holds all caches; under Ray one that all nodes share.
        workers: videos at a time; see `syrfa.engine.run_job`.
        progress: show how far it is.
        engine: where videos are worked on: `local` processes or a `ray` cluster.
        listener: is given the report of every video that was not there yet, as it is finished.

    Raises:
        CacheError: an older cache at this place is damaged, or the disk is full.
        DetectionError: no video of the split has a box, or none above the threshold; or boxes do not fit a video.
        EngineError: a worker died at the same video every time.
        LabelError: labels do not fit a video.
        VideoError: a video cannot be decoded. As the two before, it is raised when all other videos are done.
    """
    recipe = cache_recipe(dataset, split, detector, spec)
    folder = cache_folder(root, recipe)
    if (folder / MANIFEST).exists():
        return TubeCache.open(folder)
    records = dataset.videos(split)
    check_names(records)
    sweep(folder)
    todo = [record for record in records if read_part(folder, record.name) is None]
    job = CacheJob(dataset, detector, spec.for_split(split), folder)
    for done in run_job(job, todo, engine, workers, progress, f"{dataset.name} {split}"):
        if listener is not None:
            listener(done)
    _finish(folder, recipe, records)
    return TubeCache.open(folder)


def check_names(records: list[VideoRecord]) -> None:
    """Refuses videos whose names are no file names.

    Raises:
        ConfigError: with the first one.
    """
    for record in records:
        if record.name != Path(record.name).name:
            raise ConfigError(f"{record.path}: the video name {record.name!r} cannot be a file name")


class CacheJob:
    """Writes the shard and the part of any video of a split; see `syrfa.engine.Job`."""

    def __init__(self, dataset: VideoDataset, detector: Detector, spec: TubeSpec, folder: Path) -> None:
        self.dataset, self.detector, self.spec, self.folder = dataset, detector, spec, folder
        self.runs_network = detector.runs_network

    def run(self, record: VideoRecord) -> VideoDone:
        """Writes the shard, then the part that says the shard is whole."""
        timer = StageTimer()
        shard = self.folder / f"{record.name}.npy"
        info, index = extract_video(self.dataset, record, self.detector, self.spec, shard, timer)
        with timer.stage("write"):
            _write_part(self.folder, info, index)
        return VideoDone(record.name, info.frames, timer.seconds)


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
        raise CacheError(
            f"{folder}: a finished video is not there; run syrfa prepare again (all nodes of a cluster must share the "
            "folder)"
        )
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
