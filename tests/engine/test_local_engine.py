"""Local processes: deaths cost one video, errors wait for the other videos, and the bytes are those of one process."""

import errno
import os
import signal

import pytest
from unreliable import DeadlyDetector, MeetingDetector

from syrfa.datasets.base import VideoRecord
from syrfa.detection import FileDetector
from syrfa.engine import JobStore, StepTimer, VideoDone, run_job
from syrfa.engine.local import LocalProcesses
from syrfa.errors import ConfigError, EngineError, VideoError
from syrfa.tubes import TubeSpec, build_cache
from syrfa.tubes.build import CacheJob

NAMES = [f"Train{number:03d}" for number in range(1, 6)]


@pytest.fixture
def build(videos, tmp_path):
    """Builds in processes; returns the reports."""

    def run(detector, workers=2):
        reports = []
        build_cache(
            videos[0], "train", detector, TubeSpec(), tmp_path / "cache", workers, False, listener=reports.append
        )
        return reports

    return run


class FakeJob:
    """Fails at some videos."""

    runs_network = False

    def __init__(self, failing):
        self.failing, self.tried = failing, []

    def run(self, record):
        self.tried.append(record.name)
        if record.name in self.failing:
            raise self.failing[record.name]
        return VideoDone(record.name, 7, {})


def records(tmp_path, names="abcd"):
    return [VideoRecord(name, tmp_path / name, "test") for name in names]


def test_two_processes_do_the_work(build, videos, wanted, digests, tmp_path):
    reports = build(MeetingDetector(videos[1], tmp_path, 2))
    assert sorted(report.name for report in reports) == NAMES
    workers = {report.worker for report in reports}
    assert len(workers) == 2
    assert str(os.getpid()) not in workers
    assert digests(tmp_path / "cache") == wanted


def test_killed_worker_costs_its_video_alone(build, videos, wanted, digests, tmp_path):
    reports = build(DeadlyDetector(videos[1], tmp_path, "Train003", 2))
    assert len(list(tmp_path.glob("death*"))) == 2
    assert sorted(report.name for report in reports) == NAMES
    assert digests(tmp_path / "cache") == wanted


def test_video_that_kills_every_worker_is_named_when_the_others_are_done(build, videos, tmp_path):
    with pytest.raises(EngineError, match=r"Train003.*3 tries.*the other 4 videos are done"):
        build(DeadlyDetector(videos[1], tmp_path, "Train003", 9))
    assert len(list(tmp_path.glob("death*"))) == 3
    assert {path.name for path in (tmp_path / "cache").glob("*/*.npy")} == {f"{n}.npy" for n in NAMES} - {
        "Train003.npy"
    }
    reports = build(FileDetector(videos[1]))
    assert [report.name for report in reports] == ["Train003"]


def test_worker_killed_while_it_had_nothing_to_do_is_replaced(videos, tmp_path):
    dataset, boxes = videos
    first, second, *_ = dataset.videos("train")
    job = CacheJob(
        dataset, FileDetector(boxes), TubeSpec().for_split("train"), JobStore(tmp_path, {}), tmp_path / "labels.npz"
    )
    pool = LocalProcesses(job, 1)
    try:
        pool.submit(first)
        worker = pool.next_attempt().done.worker
        os.kill(int(worker), signal.SIGKILL)
        pool.submit(second)
        attempt = pool.next_attempt()
        if attempt.done is None:  # the pool had not noticed yet: an ordinary death
            pool.submit(second)
            attempt = pool.next_attempt()
        assert (attempt.done.name, attempt.done.worker != worker) == (second.name, True)
    finally:
        pool.close()


def test_every_report_says_what_its_video_cost(build, videos):
    for report in build(FileDetector(videos[1]), 1):
        assert report.frames >= 16
        assert {"decode", "detect", "crop", "write", "label", "cpu"} <= report.seconds.keys()
        assert all(seconds >= 0 for seconds in report.seconds.values())


def test_bad_video_is_named_when_the_others_are_done(tmp_path):
    job = FakeJob({"b": VideoError("b: cut off")})
    reports = []
    with pytest.raises(VideoError, match=r"^b: cut off \[the other 3 videos are done\]$"):
        reports.extend(run_job(job, records(tmp_path), workers=1, progress=False))
    assert job.tried == ["a", "b", "c", "d"]


def test_several_bad_videos_are_counted(tmp_path):
    job = FakeJob({"b": VideoError("b: cut off"), "d": VideoError("d: empty")})
    with pytest.raises(VideoError, match=r"^b: cut off \[2 videos failed.*the other 2 videos are done\]$"):
        list(run_job(job, records(tmp_path), workers=1, progress=False))


def test_internal_error_goes_first_and_keeps_its_type(tmp_path):
    job = FakeJob({"a": VideoError("a: cut off"), "c": ZeroDivisionError("a fault")})
    with pytest.raises(ZeroDivisionError, match="a fault"):
        list(run_job(job, records(tmp_path), workers=1, progress=False))
    assert job.tried == ["a", "b", "c", "d"]


@pytest.mark.parametrize("error", [ConfigError("wrong"), OSError(errno.ENOSPC, "No space left on device")])
def test_what_concerns_all_videos_stops_at_once(tmp_path, error):
    job = FakeJob({"b": error})
    with pytest.raises(type(error)):
        list(run_job(job, records(tmp_path), workers=1, progress=False))
    assert job.tried == ["a", "b"]


def test_fewer_than_one_worker_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="workers=0"):
        list(run_job(FakeJob({}), records(tmp_path), workers=0))


def test_steps_add_up():
    timer = StepTimer()
    for _ in range(3):
        with timer.step("crop"):
            pass
    with pytest.raises(VideoError), timer.step("decode"):
        raise VideoError("cut off")
    assert timer.seconds.keys() == {"crop", "decode"}


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch, tmp_path):
    list(run_job(FakeJob({}), records(tmp_path), workers=1, title="ped2 test"))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("syrfa.engine.run.LOG_SECONDS", 0.0)
    list(run_job(FakeJob({}), records(tmp_path), workers=1, title="ped2 test"))
    printed = capsys.readouterr().err
    assert "ped2 test:  50%" in printed
    assert "2/4" in printed
    assert "frames/s" in printed
