"""What a frame costs by stage, what a second process gains, how memory behaves, and what 1,000 camera-hours would take.

Writes runs/scale.json and prints its tables. The videos are made here: people-sized rectangles that walk over noise,
compressed, so that decoding and background subtraction have work to do. A spawned worker does not import a `__main__`,
so it does not load torch for the sake of this file.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from syrfa.datasets import VideoFolder
from syrfa.detection import MotionDetector, UltralyticsDetector
from syrfa.detection.base import Detector
from syrfa.engine import EngineName, VideoDone, run_job
from syrfa.evaluation.score_videos import ScoreIdentity, ScoreJob
from syrfa.modules import SynthKnowledgeModule
from syrfa.modules.checkpoint import SETTINGS
from syrfa.training.provenance import environment
from syrfa.tubes import TubeFilter, TubeSpec, build_cache
from syrfa.utils.files import sha256_file, write_json

STAGES = ("decode", "detect", "crop", "write", "label", "score")
SIZE, WALKERS, FPS = (640, 360), 8, 25
CAMERA_HOURS, DEADLINE_HOURS = 1000, 24
SHARED = Path(os.environ.get("SYRFA_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
SPEC = TubeSpec(min_confidence=0.3).for_split("test")


def write_clip(path: Path, frames: int, seed: int) -> None:
    """A fixed camera; `WALKERS` walkers cross the picture, each at its own pace."""
    rng = np.random.default_rng(seed)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    if not writer.isOpened():
        raise RuntimeError(f"{path}: this OpenCV cannot write mp4v")
    width, height = SIZE
    ground = cv2.resize(rng.integers(70, 110, (height // 8, width // 8, 3), np.uint8), SIZE)
    place, pace = rng.uniform(0, width, WALKERS), rng.uniform(1, 4, WALKERS)
    row, tall = rng.integers(20, height - 120, WALKERS), rng.integers(50, 100, WALKERS)
    colour = rng.integers(0, 256, (WALKERS, 3))
    for number in range(frames):
        frame = ground + rng.integers(0, 4, ground.shape, np.uint8)
        for walker in range(WALKERS):
            left = int(place[walker] + number * pace[walker]) % width
            frame[row[walker] : row[walker] + tall[walker], left : left + tall[walker] // 3] = colour[walker]
        writer.write(frame)
    writer.release()


def write_checkpoint(path: Path, width: int) -> Path:
    """Untrained weights: they cost what trained ones cost."""
    module = SynthKnowledgeModule(width=width)
    entry = {"module": "SynthKnowledgeModule", "settings": module.settings(), "trained_on": []}
    torch.save({"state_dict": module.state_dict(), "global_step": 0, SETTINGS: entry}, path)
    return path


def score_job(clips: VideoFolder, detector: Detector, checkpoint: Path, out: Path, device: str = "cpu") -> ScoreJob:
    identity = ScoreIdentity(
        sha256_file(checkpoint), detector.identity(), SPEC, TubeFilter(), 64, torch.device(device).type
    )
    videos = {video["name"]: video for video in clips.manifest("test")["videos"]}
    return ScoreJob(clips, detector, identity, checkpoint, device, videos, out)


def network_detectors(weights: list[Path], device: str) -> list[tuple[str, Detector]]:
    """Ultralytics' on the weights at hand, each by the name of its file."""
    files = weights or [SHARED / "yolo" / "yolov8n_coco_int8.onnx"]
    return [(file.stem, UltralyticsDetector(file, device=device)) for file in files if file.is_file()]


def measure(
    clips: VideoFolder,
    name: str,
    detector: Detector,
    checkpoint: Path | None,
    engine: EngineName,
    workers: int,
    place: Path,
    device: str,
) -> dict[str, Any]:
    """One job over all clips: a cache where there is no checkpoint, else scores."""
    reports: list[VideoDone] = []
    start = time.perf_counter()
    if checkpoint is None:
        cache = build_cache(clips, "test", detector, SPEC, place, workers, True, engine, reports.append)
        tubes, size = len(cache), cache.manifest["bytes"]
    else:
        job = score_job(clips, detector, checkpoint, place, device)
        reports += run_job(job, clips.videos("test"), engine, workers, title="score")
        tubes, size = 0, sum(path.stat().st_size for path in place.rglob("*.npz"))
    wall = time.perf_counter() - start
    shutil.rmtree(place)
    frames = sum(report.frames for report in reports)
    seconds: Counter[str] = Counter()
    for report in reports:
        seconds.update(report.seconds)
    return {
        "job": "prepare" if checkpoint is None else "score",
        "detector": name,
        "engine": engine,
        "processes": workers,
        "frames": frames,
        "tubes": tubes,
        "bytes": size,
        "wall_s": wall,
        "frames_per_s": frames / wall,
        "ms_per_frame": {stage: 1000 * value / frames for stage, value in sorted(seconds.items())},
    }


def peak(job: str, video: Path, checkpoint: Path, place: Path) -> float:
    """Peak resident memory in MB of a process that does one video."""
    command = [sys.executable, "-m", "experiments.studies.scale.one_video", *map(str, (job, video, checkpoint, place))]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(printed.splitlines()[-1])


def memory(root: Path, lengths: list[int], checkpoint: Path) -> list[dict[str, Any]]:
    rows = []
    for frames in lengths:
        folder = root / f"long{frames}"
        folder.mkdir()
        write_clip(folder / "video.mp4", frames, seed=1)
        for job in ("prepare", "score"):
            place = root / f"peak-{job}-{frames}"
            rows.append({"job": job, "frames": frames, "peak_mb": peak(job, folder / "video.mp4", checkpoint, place)})
            shutil.rmtree(place)
    return rows


def tables(content: dict[str, Any]) -> str:
    """Three tables in Markdown."""
    stages = [stage for stage in STAGES if any(stage in row["ms_per_frame"] for row in content["rows"])]
    head = [
        "job",
        "detector",
        "engine",
        "processes",
        "frames/s",
        *(f"{stage}, ms" for stage in stages),
        "processor, ms",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in content["rows"]:
        costs = [f"{row['ms_per_frame'][stage]:.2f}" if stage in row["ms_per_frame"] else "" for stage in stages]
        cells = [row["job"], row["detector"], row["engine"], row["processes"], f"{row['frames_per_s']:,.0f}"]
        cells += [*costs, f"{row['ms_per_frame']['cpu']:.2f}"]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += ["", "| job | detector | core-hours | cores for one day | disk |", "|---|---|---|---|---|"]
    for row in (row for row in content["rows"] if row["processes"] == 1):
        project = projection(row)
        lines.append(
            f"| {row['job']} | {row['detector']} | {project['core_hours']:,.0f} | {project['cores']:,.0f} | "
            f"{project['terabytes']:,.3f} TB |"
        )
    lines += ["", "| job | frames of the video | peak memory |", "|---|---|---|"]
    lines += [f"| {row['job']} | {row['frames']:,} | {row['peak_mb']:,.0f} MB |" for row in content["memory"]]
    return "\n".join(lines)


def projection(row: dict[str, Any]) -> dict[str, float]:
    """A measured row on `CAMERA_HOURS` of video of `FPS` frames a second."""
    frames = CAMERA_HOURS * 3600 * FPS
    core_hours = frames * row["ms_per_frame"]["cpu"] / 1000 / 3600
    return {
        "core_hours": core_hours,
        "cores": core_hours / DEADLINE_HOURS,
        "terabytes": row["bytes"] / row["frames"] * frames / 1e12,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--frames", type=int, default=250, help="of each video")
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=[300, 3000, 6000], help="videos whose peak memory is taken"
    )
    parser.add_argument("--width", type=int, default=16, help="of the network that scores")
    parser.add_argument("--detectors", nargs="+", default=["motion", "yolo"], choices=["motion", "yolo"])
    parser.add_argument("--weights", nargs="+", type=Path, default=[], help="of Ultralytics' networks")
    parser.add_argument("--device", default="cpu", help="of the networks")
    parser.add_argument("--engines", nargs="+", default=["local"], choices=["local", "ray"])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, default=Path("runs/scale.json"))
    options = parser.parse_args()
    cv2.setNumThreads(1)  # as every worker does
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "clips").mkdir()
        for number in range(options.videos):
            write_clip(root / "clips" / f"{number:02d}.mp4", options.frames, number)
        clips, checkpoint = VideoFolder(root / "clips"), write_checkpoint(root / "untrained.ckpt", options.width)
        jobs: list[tuple[str, Detector, Path | None]] = []
        if "motion" in options.detectors:
            jobs += [("motion", MotionDetector(), None), ("motion", MotionDetector(), checkpoint)]
        if "yolo" in options.detectors:
            jobs += [(name, detector, None) for name, detector in network_detectors(options.weights, options.device)]
        for name, detector, scored_by in jobs:
            for engine in options.engines:
                for workers in options.processes:
                    done = measure(clips, name, detector, scored_by, engine, workers, root / "out", options.device)
                    rows.append(done)
        content = {
            "rows": rows,
            # of a small network, whose memory is the same from frame to frame too
            "memory": memory(root, options.lengths, write_checkpoint(root / "small.ckpt", 8)),
            "material": {"videos": options.videos, "frames": options.frames, "size": SIZE, "walkers": WALKERS},
            "projection": {"camera_hours": CAMERA_HOURS, "fps": FPS, "deadline_hours": DEADLINE_HOURS},
            "cores": len(os.sched_getaffinity(0)),
            "device": torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else "cpu",
            "environment": environment(),
        }
    write_json(options.out, content)
    print(tables(content))


if __name__ == "__main__":
    main()
