"""Commands in processes of their own: a folder locked while one lives, their logs, and one order to stop them all."""

import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from syrfa.errors import ConfigError

LOCK = ".lock"
STOPPED = -signal.SIGTERM


@contextmanager
def locked(folder: Path, wait: bool, name: str = LOCK) -> Iterator[int]:
    """Keeps every other call out of a folder, and out of what processes of a killed call still write there.

    Args:
        folder: is made where it is not there.
        wait: until the folder is free.
        name: of the lock's file in it.

    Yields:
        the lock's descriptor, which processes have to inherit: it is held until the last of them ends.

    Raises:
        ConfigError: somebody else is at work there, and `wait` is off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if not wait:
                raise ConfigError(
                    f"{folder}: another call, or a process that one started, is still at work there; wait for it, or "
                    "end it"
                ) from error
            print(f"{folder}: waiting for another call, or for processes that a killed one left", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


class Processes:
    """Commands that run side by side, each called from a thread of its own.

    Args:
        lock: of `locked`.
    """

    def __init__(self, lock: int) -> None:
        self._folder_lock = lock
        self._changing = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._stopping = False

    def run(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> int:
        """Runs one command to its end.

        Args:
            command: program and arguments.
            log: takes what it prints; its folder is made.
            environment: variables; those of this process by default.

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
                    # should this process be killed, the folder stays locked until its children are done
                    pass_fds=(self._folder_lock,),
                )
                self._alive.add(process)
            code = process.wait()
            with self._changing:
                self._alive.discard(process)
        return code

    def stop(self) -> None:
        """Asks every process to save and end, and begins no other; who called `run` waits for them."""
        with self._changing:
            self._stopping = True
            for process in self._alive:
                process.terminate()


def last_line(log: Path) -> str:
    """The last line of a log that is not blank."""
    lines = log.read_text(errors="replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
