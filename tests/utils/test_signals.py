"""SIGTERM and Ctrl-C: at once, deferred, twice, and in child processes."""

import os
import signal
import time

import pytest

from syrfa.utils.signals import StopSignals, Terminated, leave_to_parent


def test_at_once_where_nothing_is_deferred():
    with StopSignals() as signals, pytest.raises(Terminated):
        signal.raise_signal(signal.SIGTERM)
    assert signals.exit_code == 143
    with StopSignals() as signals, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert signals.exit_code == 130


def test_deferred_interrupt_becomes_a_sigterm_and_a_second_one_stops_at_once(capsys):
    came = []
    with StopSignals() as signals:
        # as Lightning does it: its own handler, then ours
        ours = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda number, frame: (came.append(number), ours(number, frame)))
        signals.deferred = True
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM] * 2
        signals.received = None
        signal.raise_signal(signal.SIGINT)
        assert came == [signal.SIGTERM] * 3
        assert signals.exit_code == 130
        assert "after this batch" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_handlers_return():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def child(prepare):
    """Forks a child that prepares and sleeps; its process id once it is ready."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        prepare()
        os.write(write, b"!")
        time.sleep(30)
        os._exit(0)
    os.read(read, 1)
    return process


def ended(process, seconds):
    """The signal that ended a child; None when it still lives after so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.WTERMSIG(status)
        time.sleep(0.01)
    return None


@pytest.mark.parametrize("deferred", [False, True])
def test_a_forked_child_is_ended_as_without_a_handler(deferred):
    with StopSignals() as signals:
        signals.deferred = deferred
        process = child(lambda: None)
        os.kill(process, signal.SIGTERM)
        assert ended(process, 20) == signal.SIGTERM
    assert signals.received is None


def test_a_loaders_worker_outlives_its_parents_signals_for_a_while(monkeypatch):
    monkeypatch.setattr("syrfa.utils.signals.LOADER_GRACE", 1)
    process = child(lambda: leave_to_parent(0))
    os.kill(process, signal.SIGINT)
    os.kill(process, signal.SIGTERM)
    assert ended(process, 0.3) is None
    assert ended(process, 20) == signal.SIGALRM
