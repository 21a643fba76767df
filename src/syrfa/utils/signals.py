"""SIGTERM and Ctrl-C: at once where nothing would be lost, after the batch in hand while a network is trained."""

import os
import signal
import sys
import threading
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + 13  # SIGPIPE, which Windows does not name
LOADER_GRACE = 30  # seconds a loader's worker lives on after SIGTERM, for the batch that its parent still waits for


class Terminated(SystemExit):
    """SIGTERM came while no network was being trained."""


class StopSignals:
    """Handles both signals while it is entered; the handlers of before return afterwards.

    Lightning's own SIGTERM handler notes the signal, and its loops stop at their next safe place; so while `deferred`
    is set ours adds nothing, and a first interrupt is passed on as a SIGTERM. Otherwise SIGTERM raises `Terminated`, so
    that temporary files are removed and pools are shut down.

    Attributes:
        deferred: a network is being trained, and Lightning will stop after the batch in hand.
        received: the first signal that came; None before.
    """

    def __init__(self) -> None:
        self.deferred = False
        self.received: int | None = None
        self._process = os.getpid()
        self._before: dict[int, signal.Handlers] = {}

    @property
    def exit_code(self) -> int:
        """130 when the first signal was an interrupt, else 143."""
        return INTERRUPTED if self.received == signal.SIGINT else TERMINATED

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread set handlers
            for number, handler in ((signal.SIGTERM, self._terminate), (signal.SIGINT, self._interrupt)):
                self._before[number] = signal.signal(number, handler)  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        if self._inherited(number):
            return
        self.received = self.received or number
        if not self.deferred:
            raise Terminated(TERMINATED)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._inherited(number):
            return
        again = self.received is not None
        self.received = self.received or number
        if again or not self.deferred:
            raise KeyboardInterrupt
        print("\nstopping after this batch; Ctrl-C again stops at once", file=sys.stderr)
        signal.raise_signal(signal.SIGTERM)

    def _inherited(self, number: int) -> bool:
        """Whether this is a forked child, which is then ended as if it had no handler."""
        if os.getpid() == self._process:
            return False
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        return True


def leave_to_parent(worker: int) -> None:
    """Lets a loader's worker outlive a signal to the whole process group, which its parent obeys after the batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _after_grace)


def _after_grace(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process
    signal.alarm(LOADER_GRACE)
