"""A real Ray cluster of two nodes on this machine: the same bytes as one process, from both nodes, through deaths."""

import importlib.util
import os
from pathlib import Path

import pytest
from unreliable import DeadlyDetector, MeetingDetector

from syrfa.errors import EngineError, VideoError
from syrfa.tubes import TubeSpec, build_cache

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install syrfa[ray]"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def address():
    """Two nodes of one CPU each; the engine finds them through RAY_ADDRESS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # the nodes' workers import the detectors of these tests
        support = str(Path(__file__).parents[1] / "support")
        patch.setenv("PYTHONPATH", os.pathsep.join([support, *filter(None, [os.environ.get("PYTHONPATH")])]))
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        cluster.add_node(**node)
        patch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster.address
        cluster.shutdown()


@pytest.fixture
def build(address, videos, tmp_path):
    """Builds on the cluster; returns the reports."""
    del address

    def run(detector):
        reports = []
        build_cache(videos[0], "train", detector, TubeSpec(), tmp_path / "ray", None, False, "ray", reports.append)
        return reports

    return run


def test_both_nodes_work_and_the_bytes_are_those_of_one_process(build, videos, wanted, digests, tmp_path):
    import ray

    reports = build(MeetingDetector(videos[1], tmp_path, 2))
    nodes = {report.worker.split()[0] for report in reports}
    assert len(nodes) == 2
    assert sorted(report.name for report in reports) == [f"Train{number:03d}" for number in range(1, 6)]
    assert digests(tmp_path / "ray") == wanted
    assert not ray.is_initialized()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_killed_worker_costs_its_video_alone(build, videos, wanted, digests, tmp_path):
    reports = build(DeadlyDetector(videos[1], tmp_path, "Train003", 2))
    assert len(list(tmp_path.glob("death*"))) == 2
    assert sorted(report.name for report in reports) == [f"Train{number:03d}" for number in range(1, 6)]
    assert digests(tmp_path / "ray") == wanted


def test_video_that_kills_every_worker_is_named_when_the_others_are_done(build, videos, tmp_path):
    with pytest.raises(EngineError, match=r"Train003.*3 tries.*the other 4 videos are done"):
        build(DeadlyDetector(videos[1], tmp_path, "Train003", 9))
    assert len(list(tmp_path.glob("death*"))) == 3
    assert len(list((tmp_path / "ray").glob("*/*.npy"))) == 4


def test_scores_on_two_nodes_have_the_bytes_of_one_process(
    address, data_environment, knowledge_ckpt, digests, tmp_path
):
    from small_run import DEMO

    from syrfa.__main__ import main

    for engine, workers in (("local", 1), ("ray", 2)):
        options = [*DEMO, f"--ckpt_path={knowledge_ckpt}", f"--data.cache_root={tmp_path / 'cache'}"]
        assert (
            main(["predict", *options, f"--out={tmp_path / engine}", f"--engine={engine}", f"--workers={workers}"]) == 0
        )
    assert digests(tmp_path / "ray") == digests(tmp_path / "local")
    assert len(list((tmp_path / "ray" / "scores").iterdir())) == 2


def test_errors_of_a_node_reach_the_user(address, videos, tmp_path):
    from syrfa.datasets import UCSDPed2
    from syrfa.detection import FileDetector

    root = tmp_path / "raw"
    for source in videos[0].root.rglob("*.*"):
        if source.is_file():
            target = root / source.relative_to(videos[0].root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(
                b"" if source.parent.name == "Train002" and source.stem == "007" else source.read_bytes()
            )
    (root / "UCSDped2" / "Test").mkdir()
    with pytest.raises(VideoError, match=r"Train002/007\.png.*the other 4 videos are done"):
        build_cache(UCSDPed2(root), "train", FileDetector(videos[1]), TubeSpec(), tmp_path / "ray", 2, False, "ray")
