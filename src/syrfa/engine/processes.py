"""Commands as processes that run side by side, with a log each, and one order to stop them all."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from syrfa.engine.store import folder_lock
from syrfa.errors import ConfigError

STOPPED = -signal.SIGTERM
_POLL = 0.2  # seconds between two looks at a locked folder


class Processes:
    """Commands that run side by side, each called from a thread of its own.

    They outlive a caller that is killed; so call `wait_for` before anything is changed in the folder of a run.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._stopping = False

    def run(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> int:
        """Runs one command to its end; `log` takes what it prints.

        Returns:
            its exit code, the negative number of the signal that killed it, or `STOPPED` where it was not begun.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            with self._changing:
                if self._stopping:
                    return STOPPED
                process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=dict(os.environ if environment is None else environment),
                    # an interrupt of the terminal is for us, and we pass it on once, as SIGTERM
                    start_new_session=True,
                )
                self._alive.add(process)
            code = process.wait()
            with self._changing:
                self._alive.discard(process)
        return code

    def wait_for(self, folder: Path) -> bool:
        """Waits until no process has locked a folder, as a fit locks that of its run; False after `stop`."""
        printed = False
        while not self._stopping:
            try:
                with folder_lock(folder):
                    return True
            except ConfigError:
                if not printed:
                    print(f"{folder}: waiting for the process that is at work there", flush=True)
                printed = True
                time.sleep(_POLL)
        return False

    def stop(self) -> None:
        """Asks every process to save and end, and begins no other; who called `run` waits for them."""
        with self._changing:
            self._stopping = True
            for process in self._alive:
                process.terminate()


def last_line(log: Path) -> str:
    """The last line of a log that is not blank."""
    lines = log.read_text(errors="replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")
