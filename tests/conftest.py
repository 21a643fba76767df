"""Two tiny generated worlds and a trained checkpoint, made once for the whole session."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from scipy.io import savemat
from small_run import KNOWLEDGE, ROOT, SMALL

from syrfa.__main__ import main
from syrfa.datasets import UCSDPed2
from syrfa.verbs.generate import generate

# read now: a fixture sets the variable to small worlds later on
SHARED = Path(os.environ.get("SYRFA_SHARED_DATA", ROOT.parent / "shared" / "data"))

# two workers share the cores, tiny tensors gain nothing from more, and sums are the same whoever ran before
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)

# the suite says the same on every machine, however busy, and leaves no folder behind; `make fuzz` looks for more
settings.register_profile("suite", derandomize="FUZZ_EXAMPLES" not in os.environ, deadline=None)
settings.load_profile("suite")
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "syrfa-hypothesis")


@pytest.fixture(scope="session")
def tiny_worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which every shipped data config finds a tiny world of its layout."""
    root = tmp_path_factory.mktemp("raw")
    generate(preset="tiny", out=root / "demo-source", seed=3, processes=1)
    generate(preset="target-tiny", out=root / "demo-target", seed=3, processes=1)
    for name in ("standard", "transfer", "UBnormal"):
        (root / name).symlink_to(root / "demo-source")
    (root / "UCSDped2").symlink_to(root / "demo-target" / "UCSDped2")
    (root / "ped2").symlink_to(root / "demo-target" / "UCSDped2")
    (root / "ped2_yolov3_detections").symlink_to(root / "demo-target" / "detections")
    world = UCSDPed2(root / "ped2")
    write_shanghaitech(root / "shanghaitech", world)
    for layout in ("UCSDped1", "Avenue", "footage"):
        write_frame_folders(root / layout, world)
    return root


def write_frame_folders(root: Path, world: UCSDPed2) -> None:
    """The world as training/frames/01 and testing/frames/01, its intervals in `ped1.mat` and `avenue.mat`."""
    for split, word in (("train", "training"), ("test", "testing")):
        (root / word / "frames").mkdir(parents=True)
        for number, record in enumerate(world.videos(split), start=1):
            (root / word / "frames" / f"{number:02d}").symlink_to(record.path)
    labels = [world.frame_labels(record) for record in world.videos("test")]
    cells = np.empty((1, len(labels)), object)
    for number, vector in enumerate(labels):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], vector, [0]])))
        cells[0, number] = np.array([edges[::2] + 1, edges[1::2]])
    for name in ("ped1.mat", "avenue.mat"):
        savemat(root / name, {"gt": cells})


def write_shanghaitech(root: Path, world: UCSDPed2) -> None:
    """Two test clips of the world in the layout of ShanghaiTech, without a training split."""
    for folder in ("clips", "test_frame_mask"):
        (root / folder).mkdir(parents=True)
    for name, record in zip(("01_0014", "01_0015"), world.videos("test"), strict=True):
        (root / "clips" / name).symlink_to(record.path)
        np.save(root / "test_frame_mask" / f"{name}.npy", world.frame_labels(record))


@pytest.fixture(scope="session")
def data_environment(tiny_worlds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Points the configs at the tiny worlds; yields the folder."""
    values = {
        "SYRFA_DATA": str(tiny_worlds),
        "SYRFA_SHARED_DATA": str(tiny_worlds),
        "SYRFA_CACHE": str(tmp_path_factory.mktemp("cache")),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        # the start of another process takes longer than a tiny world
        patch.setattr("syrfa.engine.run.default_workers", lambda runs_network: 1)
        yield tiny_worlds


@pytest.fixture(scope="session")
def knowledge_ckpt(data_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phase-1 checkpoint of two steps, width 2."""
    del data_environment
    root = tmp_path_factory.mktemp("runs")
    code = main(["fit", *KNOWLEDGE, *SMALL, "--model.init_args.width=2", f"--run.root={root}"])
    assert code == 0
    return root / "demo_knowledge" / "seed1" / "checkpoints" / "last.ckpt"


@pytest.fixture
def shared_data() -> Path:
    """The folder with real data; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data not found at {SHARED}; set SYRFA_SHARED_DATA")
    return SHARED
