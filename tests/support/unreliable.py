"""Detectors for tests of engines; in a module that worker processes can import."""

import os
import signal
import time
from pathlib import Path

from syrfa.detection import FileDetector
from syrfa.errors import DetectionError


class DeadlyDetector(FileDetector):
    """Kills its process in the second batch of one video, so many times; otherwise a FileDetector.

    Args:
        path: the boxes.
        folder: where the deaths are counted, over processes.
        video: its name.
        deaths: how many times.
    """

    def __init__(self, path, folder, video, deaths):
        super().__init__(path)
        self.folder, self.video, self.deaths, self.name = Path(folder), video, deaths, ""

    def start(self, dataset, record, frames, height, width):
        super().start(dataset, record, frames, height, width)
        self.name = record.name

    def detect(self, frames, first):
        if self.name == self.video and first > 0:
            dead = len(list(self.folder.glob("death*")))
            if dead < self.deaths:
                (self.folder / f"death{dead}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().detect(frames, first)


class MeetingDetector(FileDetector):
    """Begins no video before so many processes have begun one; otherwise a FileDetector."""

    def __init__(self, path, folder, processes):
        super().__init__(path)
        self.folder, self.processes = Path(folder), processes

    def start(self, dataset, record, frames, height, width):
        super().start(dataset, record, frames, height, width)
        (self.folder / f"process{os.getpid()}").touch()
        end = time.monotonic() + 900
        while len(list(self.folder.glob("process*"))) < self.processes:
            if time.monotonic() > end:
                raise DetectionError(f"{self.folder}: waited a quarter of an hour for {self.processes} processes")
            time.sleep(0.05)
