"""Makes a whole world, clip by clip, in several processes, and picks up where a killed run stopped."""

import contextlib
import json
import multiprocessing
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from syrfa.errors import ConfigError
from syrfa.utils.files import atomic_write, sha256_file, sha256_json, write_json
from syrfa.world import data_card, ubnormal_writer, ucsd_writer
from syrfa.world.clip import ClipPlan, plan_clips
from syrfa.world.presets import VERSION, WorldPreset

FINISHED = "world.json"
_STARTED = ".generation.json"
_CLIPS = ".clips"

Job = tuple[Path, WorldPreset, ClipPlan, int, bool]


def identity(preset: WorldPreset, seed: int, grey: bool) -> dict[str, Any]:
    """What decides every pixel of a world, as JSON."""
    settings = sha256_json(asdict(preset))
    return {"preset": preset.name, "settings": settings, "seed": seed, "version": VERSION, "grey": grey}


def is_finished(root: Path, preset: WorldPreset, seed: int, grey: bool, overwrite: bool = False) -> bool:
    """Whether this very world stands complete in `root`; otherwise makes room for it.

    Raises:
        ConfigError: the folder holds another world, or something that is no world, and may not be overwritten.
    """
    wanted = identity(preset, seed, grey)
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root}: is a file; choose a folder with --out")
    found = next((root / name for name in (FINISHED, _STARTED) if (root / name).exists()), None)
    if found is None:
        if root.is_dir() and any(root.iterdir()):
            raise ConfigError(f"{root}: holds files that are no generated world; choose an empty folder with --out")
        return False
    try:
        known = json.loads(found.read_text())
    except ValueError:
        known = None
    if not isinstance(known, dict) or not wanted.keys() <= known.keys():  # never to be deleted, not even with overwrite
        raise ConfigError(f"{found}: not written by syrfa, or damaged; choose another --out, or remove {root} yourself")
    if all(known.get(key) == value for key, value in wanted.items()):
        return found.name == FINISHED
    if not overwrite:
        other = f"{known.get('preset')}, seed {known.get('seed')}, version {known.get('version')}"
        raise ConfigError(f"{root}: holds another world ({other}); choose another --out, or add --overwrite true")
    shutil.rmtree(root)
    return False


def generate_world(root: Path, preset: WorldPreset, seed: int, grey: bool, processes: int) -> Iterator[tuple[int, int]]:
    """Makes the clips that are missing, then the lists, then `world.json`.

    Args:
        root: folder of the world, as `is_finished` left it.
        preset: the world.
        seed: at least 0.
        grey: one channel instead of three.
        processes: how many clips are made at a time; has no influence on any byte.

    Yields:
        (clips done, clips in all), first for those found done, then after every clip.
    """
    root.mkdir(parents=True, exist_ok=True)
    write_json(root / _STARTED, identity(preset, seed, grey))
    plans = plan_clips(preset)
    missing = [plan for plan in plans if not _note(root, plan).exists()]
    done = len(plans) - len(missing)
    yield done, len(plans)
    jobs: list[Job] = [(root, preset, plan, seed, grey) for plan in missing]
    with contextlib.ExitStack() as stack:
        if processes > 1 and len(jobs) > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(min(processes, len(jobs))))
            results: Iterator[None] = iter(pool.imap_unordered(_make, jobs))
        else:
            results = map(_make, jobs)
        for _ in results:
            done += 1
            yield done, len(plans)
    _finish(root, preset, plans, seed, grey)


def _note(root: Path, plan: ClipPlan) -> Path:
    """Where the summary of a finished clip stands until the world is finished."""
    return root / _CLIPS / f"{plan.index:05d}.json"


def _make(job: Job) -> None:
    root, preset, plan, seed, grey = job
    cv2.setNumThreads(1)  # the processes are the parallelism
    writer = ubnormal_writer if preset.layout == "ubnormal" else ucsd_writer
    write_json(_note(root, plan), writer.write_clip(root, preset, plan, seed, grey))


def _finish(root: Path, preset: WorldPreset, plans: list[ClipPlan], seed: int, grey: bool) -> None:
    summaries = [json.loads(_note(root, plan).read_text()) for plan in plans]
    writer = ubnormal_writer if preset.layout == "ubnormal" else ucsd_writer
    lists = writer.finish(root, preset, summaries)
    for left in list(root.rglob(".*.tmp*")):  # what killed runs left behind
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    splits = {split: _split([s for s in summaries if s["split"] == split]) for split in preset.clips}
    content = {
        **identity(preset, seed, grey),
        "layout": preset.layout,
        "splits": splits,
        "sha256": {path.relative_to(root).as_posix(): sha256_file(path) for path in lists},
    }
    with atomic_write(root / data_card.FILE) as file:
        file.write(data_card.data_card(content, preset).encode())
    write_json(root / FINISHED, content)
    shutil.rmtree(root / _CLIPS, ignore_errors=True)
    (root / _STARTED).unlink(missing_ok=True)


def _split(clips: list[dict[str, Any]]) -> dict[str, Any]:
    """What `world.json` says of a split; `seconds` are of world time, `fps` the slowest and the fastest clip."""
    rates = [clip["fps"] for clip in clips]
    return {
        "clips": len(clips),
        "frames": sum(clip["frames"] for clip in clips),
        "abnormal_frames": sum(clip["abnormal_frames"] for clip in clips),
        "seconds": round(sum(clip["frames"] / clip["fps"] for clip in clips), 1),
        "fps": [min(rates), max(rates)] if rates else None,
        "events": _counts([event for clip in clips for event in clip["events"]]),
    }


def _counts(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}
