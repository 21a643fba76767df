"""Peak resident memory in MB of a process that prepares or scores one video: JOB VIDEO CHECKPOINT OUT.

Each job loads what it needs and no more, since the libraries are a part of what is measured.
"""

import sys
from pathlib import Path

from syrfa.datasets import VideoFolder
from syrfa.detection import MotionDetector


def main(job: str, video: Path, checkpoint: Path, out: Path) -> float:
    clips = VideoFolder(video.parent)
    if job == "prepare":
        from syrfa.tubes import TubeSpec, build_cache

        build_cache(clips, "test", MotionDetector(), TubeSpec(min_confidence=0.3), out, 1, False)
    else:
        from experiments.studies.scale.__main__ import score_job
        from syrfa.engine import run_job

        doing = score_job(clips, MotionDetector(), checkpoint, out)
        list(run_job(doing, clips.videos("test"), workers=1, progress=False))
    # not ru_maxrss, which a process inherits from the one that started it
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    print(main(sys.argv[1], *map(Path, sys.argv[2:])))
