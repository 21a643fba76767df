"""Makes a whole world, clip by clip, in several processes, and goes on where a killed run stopped."""

import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2

from syrfa.engine import JobStore, StepTimer, VideoDone, run_job
from syrfa.engine.store import JOB
from syrfa.errors import ConfigError
from syrfa.utils.files import atomic_write, read_sealed, sha256_file, sha256_json, write_json
from syrfa.world import data_card, ubnormal_writer, ucsd_writer
from syrfa.world.clip import ClipPlan, plan_clips
from syrfa.world.presets import VERSION, WorldPreset
from syrfa.world.ucsd_writer import Detect

FINISHED = "world.json"
_STORE = ".generation"  # the folder of the job while the world is made


def identity(preset: WorldPreset, seed: int, grey: bool) -> dict[str, Any]:
    """What decides every pixel of a world, as JSON."""
    settings = sha256_json(asdict(preset))
    return {"preset": preset.name, "settings": settings, "seed": seed, "version": VERSION, "grey": grey}


def is_finished(root: Path, preset: WorldPreset, seed: int, grey: bool, overwrite: bool = False) -> bool:
    """Whether `root` holds this very world, complete; removes another one where `overwrite` is set.

    Raises:
        ConfigError: the folder holds something else that may not be overwritten.
    """
    wanted = identity(preset, seed, grey)
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root}: is a file; choose a folder with --out")
    finished, begun = root / FINISHED, root / _STORE / JOB
    found = next((path for path in (finished, begun) if path.exists()), None)
    if found is None:
        if root.is_dir() and any(root.iterdir()):
            raise ConfigError(f"{root}: holds files that are no generated world; choose an empty folder with --out")
        return False
    try:
        known = json.loads(found.read_text()) if found == finished else read_sealed(found)
    except ValueError:
        known = None
    if not isinstance(known, dict) or not wanted.keys() <= known.keys():  # never to be deleted, not even with overwrite
        raise ConfigError(f"{found}: not written by syrfa, or damaged; choose another --out, or remove {root} yourself")
    if all(known.get(key) == value for key, value in wanted.items()):
        return found == finished
    if not overwrite:
        other = f"{known.get('preset')}, seed {known.get('seed')}, version {known.get('version')}"
        raise ConfigError(f"{root}: holds another world ({other}); choose another --out, or add --overwrite true")
    shutil.rmtree(root)
    return False


def generate_world(
    root: Path,
    preset: WorldPreset,
    seed: int,
    grey: bool,
    detect: Detect,
    processes: int | None = None,
    progress: bool = True,
) -> None:
    """Makes the clips that are missing in `root` (see `is_finished`), then the lists, then `world.json`.

    `detect`, a module's function, makes the boxes of a target's world; `processes` (None: one a core) make clips at the
    same time, which changes no byte.

    Raises:
        ConfigError: another process makes a world in this folder.
        EngineError: a worker died at the same clip every time.
    """
    store = JobStore(root / _STORE, identity(preset, seed, grey))
    clips = [_ClipToMake(f"{plan.index:05d}", root, plan) for plan in plan_clips(preset)]
    with store.lock():
        store.claim()
        left = set(store.left([clip.name for clip in clips]))
        job = _ClipJob(root, preset, seed, grey, detect, store)
        todo = [clip for clip in clips if clip.name in left]
        list(run_job(job, todo, workers=processes, progress=progress, title=f"generate {preset.name}"))
        summaries = [part for clip in clips if (part := store.part(clip.name)) is not None]
        _finish(root, preset, summaries, seed, grey)
        shutil.rmtree(store.folder, ignore_errors=True)


@dataclass(frozen=True)
class _ClipToMake:
    """An item of the engine; `path` is that of the world, for messages."""

    name: str
    path: Path
    plan: ClipPlan


@dataclass
class _ClipJob:
    """Writes a clip, then the part with its summary; see `syrfa.engine.Job`."""

    root: Path
    preset: WorldPreset
    seed: int
    grey: bool
    detect: Detect
    store: JobStore
    runs_network: bool = False

    def run(self, clip: _ClipToMake) -> VideoDone:
        cv2.setNumThreads(1)  # the processes are the parallelism
        timer, write = StepTimer(), _writer(self.preset).write_clip
        with timer.step("render"):
            summary = write(self.root, self.preset, clip.plan, self.seed, self.grey, self.detect)
        self.store.finish(clip.name, summary)
        return VideoDone(clip.name, summary["frames"], timer.seconds)


def _writer(preset: WorldPreset) -> ModuleType:
    return ubnormal_writer if preset.layout == "ubnormal" else ucsd_writer


def _finish(root: Path, preset: WorldPreset, summaries: list[dict[str, Any]], seed: int, grey: bool) -> None:
    lists = _writer(preset).finish(root, preset, summaries)
    for left in list(root.rglob(".*.tmp*")):  # what killed runs left behind
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    splits = {split: _split([s for s in summaries if s["split"] == split]) for split in preset.clips}
    content = {
        **identity(preset, seed, grey),
        "layout": preset.layout,
        "splits": splits,
        "fps": {f"{each['split']}/{each['name']}": each["fps"] for each in summaries},
        "sha256": {path.relative_to(root).as_posix(): sha256_file(path) for path in lists},
    }
    with atomic_write(root / data_card.FILE) as file:
        file.write(data_card.data_card(content, preset).encode())
    write_json(root / FINISHED, content)


def _split(clips: list[dict[str, Any]]) -> dict[str, Any]:
    """The entry of a split in `world.json`; `seconds` are of world time, `fps` the slowest and the fastest clip."""
    rates = [clip["fps"] for clip in clips]
    return {
        "clips": len(clips),
        "frames": sum(clip["frames"] for clip in clips),
        "abnormal_frames": sum(clip["abnormal_frames"] for clip in clips),
        "seconds": round(sum(clip["frames"] / clip["fps"] for clip in clips), 1),
        "fps": [min(rates), max(rates)] if rates else None,
        "events": dict(sorted(Counter(event for clip in clips for event in clip["events"]).items())),
    }
