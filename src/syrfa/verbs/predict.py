"""`syrfa predict`: from a checkpoint and videos to their scores, a video at a time, on an engine."""

import re
import time
from datetime import timedelta
from pathlib import Path

import torch

from syrfa.engine import EngineName, run_job
from syrfa.errors import ConfigError
from syrfa.evaluation.score_videos import SCORES, ScoreIdentity, ScoreJob
from syrfa.modules.checkpoint import read_checkpoint
from syrfa.tubes.cache import MANIFEST
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import SplitUse
from syrfa.utils import class_path
from syrfa.utils.files import sha256_file, sha256_json


def predict(
    data: TubeDataModule,
    ckpt_path: Path,
    out: Path | None = None,
    engine: EngineName | None = None,
    workers: int | None = None,
    device: str = "cpu",
    allow_import: str | None = None,
) -> None:
    """Score videos one by one, labelled or not, write scores/<video>.npz, and print one line.

    Each video is decoded, detected, cut, scored and forgotten; a finished tube cache of the split is read instead.
    Videos whose scores are there, of this checkpoint and these options, are passed over, so a run that was stopped goes
    on, and new videos of a folder are added. `data.predict_on` and `data.predict_split` set which split is scored.

    Args:
        data: the `data` part of a config; labels are not read.
        ckpt_path: a checkpoint that `fit` wrote; it is scored with its own settings.
        out: the folder; by default `runs/predict/<dataset>-<split>-<key>`.
        engine: where videos are worked on, `local` processes or a `ray` cluster; `data.engine` by default.
        workers: videos at a time; `data.prepare_workers` by default, and one a CPU core where that is null.
        device: of the network, `cpu` or e.g. `cuda:0`; scores of another device differ in the last digits.
        allow_import: modules of your own whose classes the checkpoint may name, as `mypackage.module,other`.

    Raises:
        UserError: data, boxes, the checkpoint or the folder are not usable; the message says which.
    """
    if allow_import:
        class_path.allow_import(allow_import)
    use = data.use("predict")
    if use is None:
        domain = data.stage_domain["predict"]
        raise ConfigError(f"data.predict_on={domain}: the config describes no data.{domain}")
    data.engine = engine or data.engine
    data.prepare_workers = data.prepare_workers if workers is None else workers
    job = _job(data, use, Path(ckpt_path), out, device)
    records = use.source.dataset.videos(use.split)
    job.store.claim()
    with job.store.lock():
        todo = [record for record in records if not job.is_done(record)]
        start = time.perf_counter()
        title = f"{use.source.dataset.name} {use.split}"
        frames = sum(done.frames for done in run_job(job, todo, data.engine, data.prepare_workers, title=title))
    seconds = time.perf_counter() - start
    print(
        f"{title}: scored {len(todo):,} videos ({len(records) - len(todo):,} were done), {frames:,} frames, "
        f"{frames / seconds:,.0f} frames/s, {timedelta(seconds=round(seconds))}: {job.folder / SCORES}"
    )


def _job(data: TubeDataModule, use: SplitUse, checkpoint: Path, out: Path | None, device: str) -> ScoreJob:
    read_checkpoint(checkpoint)  # a wrong one is better refused here than in every worker
    source = use.source
    spec, batch = use.spec.for_split(use.split), data.eval_batch_size
    made = sha256_file(checkpoint), source.detector.identity()
    identity = ScoreIdentity(*made, spec, source.filter, batch, _device_kind(device))
    folder = out or Path("runs/predict") / f"{source.dataset.name}-{use.split}-{sha256_json(identity.to_json())[:12]}"
    videos = {video["name"]: video for video in source.dataset.videos_manifest(use.split)["videos"]}
    cache = data.folder(use) if (data.folder(use) / MANIFEST).exists() else None
    return ScoreJob(source.dataset, source.detector, identity, checkpoint, device, videos, folder, cache)


def _device_kind(device: str) -> str:
    kind = device.partition(":")[0]
    if not re.fullmatch(r"(cpu|cuda)(:\d+)?", device):
        raise ConfigError(f"device={device}: give cpu, or cuda:0 for the first GPU")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device={device}: torch finds no GPU here; give cpu")
    return kind
