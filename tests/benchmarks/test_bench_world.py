"""Rendered frames a second at 640x360, by stage, and of the whole generator with one process and with two.

Run by `make bench` (SYRFA_BENCH=1); ordinary test runs skip it. Stages are timed in processor seconds; the generator in
seconds of the clock, in which whatever else the machine does is part of what is measured, and in processor seconds.
"""

import os
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from syrfa.training.provenance import environment
from syrfa.utils.files import write_json
from syrfa.verbs.generate import noisy_boxes
from syrfa.world import PRESETS, generate_world
from syrfa.world.clip import Clip, plan_clips

SIZE = (640, 360)
FRAMES = 30
ASKED_FOR = 30.0

pytestmark = [
    pytest.mark.skipif(os.environ.get("SYRFA_BENCH") != "1", reason="a benchmark; run it with SYRFA_BENCH=1"),
    pytest.mark.timeout(600),
]

MEASURED: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def written():
    """Leaves what was measured, and on what, in runs/bench_world.json."""
    yield
    content = {"size": SIZE, "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0], "rows": MEASURED}
    write_json(Path("runs/bench_world.json"), {**content, "environment": environment()})


@pytest.fixture(scope="module")
def preset():
    """The standard world's scenes and crowds, all at 640x360: four clips of 100 frames."""
    clips = {"train": (2, 2), "validation": (0, 0), "test": (0, 0)}
    return replace(PRESETS["standard"], sizes=(SIZE,), clips=clips, frames=(100, 100), scenes=4)


def report(capsys, title, value, unit):
    MEASURED[f"{title}, {unit}"] = round(value, 2)
    with capsys.disabled():
        print(f"\n{title:<32} {value:8.1f} {unit}")


@pytest.mark.parametrize("grey", [True, False], ids=["grey", "colour"])
def test_stages(preset, grey, capsys, tmp_path):
    cv2.setNumThreads(1)
    seconds = dict.fromkeys(("set-up", "shapes", "shadows", "paint", "develop", "write"), 0.0)
    people = 0
    plans = plan_clips(preset)

    def timed(stage, call):
        start = time.process_time()  # of this process alone: what else the machine does does not count
        found = call()
        seconds[stage] += time.process_time() - start
        return found

    for plan in plans:
        clip = timed("set-up", lambda plan=plan: Clip(preset, plan, 0, grey))
        renderer = clip.renderer
        movie = cv2.VideoWriter(str(tmp_path / "m.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 20.0, SIZE, not grey)
        for number in range(40, 40 + FRAMES):
            things = timed("shapes", lambda r=renderer, c=clip, n=number: r.things(c.actors, n))
            people += len(things)
            ground = timed("shadows", lambda r=renderer, t=things: r.shadowed(t))
            image, mask = timed("paint", lambda r=renderer, g=ground, t=things: r.painted(g, t))
            image = timed("develop", lambda r=renderer, i=image: r.developed(i))

            def write(image=image, mask=mask, movie=movie):
                movie.write(image)
                cv2.imwrite(str(tmp_path / "m.png"), mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])

            timed("write", write)
        movie.release()
    kind, frames = "grey" if grey else "colour", FRAMES * len(plans)
    report(capsys, f"{kind}: actors in view", people / frames, "a frame")
    for stage, total in seconds.items():
        count = len(plans) if stage == "set-up" else frames
        report(capsys, f"{kind}: {stage}", 1000 * total / count, "ms a clip" if stage == "set-up" else "ms a frame")
    whole = frames / (sum(seconds.values()) - seconds["set-up"] * (1 - FRAMES / 100))
    report(capsys, f"{kind}: all stages, 100 frames", whole, "frames/s")
    assert np.isfinite(whole)


@pytest.mark.parametrize("processes", [1, 2])
def test_generator(preset, processes, capsys, tmp_path):
    before, start = sum(os.times()[:4]), time.perf_counter()
    generate_world(tmp_path / "w", preset, 0, True, noisy_boxes, processes, progress=False)
    rate = 400 / (time.perf_counter() - start)
    report(capsys, f"generate, {processes} process(es), grey", rate, "frames/s")
    report(
        capsys, f"generate, {processes} process(es), grey", 400 / (sum(os.times()[:4]) - before), "frames/processor s"
    )
    if processes == 2 and len(os.sched_getaffinity(0)) >= 2 and os.getloadavg()[0] < 2.5:
        assert rate >= ASKED_FOR
