"""Files that are whole or not there, seals, and what killed writers leave."""

import errno
import fcntl
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.utils.files import atomic_write, sealed, sweep, sync_folder, unsealed

REPLACE = Path.replace


def failing(number):
    def fail(*arguments, **named):
        raise OSError(number, os.strerror(number))

    return fail


@given(content=st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.none())))
def test_seal(content):
    content.pop("seal", None)
    stored = json.loads(json.dumps(sealed(content)))
    assert unsealed(stored) == content
    with pytest.raises(ValueError, match="changed"):
        unsealed({**stored, "one more": 1})
    for other in (content, [], None, "seal"):
        with pytest.raises(ValueError, match="not sealed"):
            unsealed(other)


def test_a_temporary_file_taken_by_somebody_else(tmp_path, monkeypatch):
    def taken(path, target):
        path.unlink()
        return REPLACE(path, target)

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", taken)
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_folder_removed_while_it_is_written_to(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "folder" / "file"):
        shutil.rmtree(tmp_path / "folder")


def test_a_failed_clean_up_does_not_hide_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "unlink", failing(errno.EIO))
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"), atomic_write(tmp_path / "file") as file:
        file.write(b"new")


def test_sweep_spares_living_writers(tmp_path):
    (tmp_path / ".left.npy.0000.tmp").write_bytes(b"of a dead writer")
    with atomic_write(tmp_path / "new.npy") as file:
        file.write(b"alive")
        sweep(tmp_path)
        assert not (tmp_path / ".left.npy.0000.tmp").exists()
    assert (tmp_path / "new.npy").read_bytes() == b"alive"
    assert [p.name for p in tmp_path.iterdir()] == ["new.npy"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_age_says_whether_a_writer_lives(tmp_path, monkeypatch, number):
    monkeypatch.setattr(fcntl, "flock", failing(number))
    with atomic_write(tmp_path / "new.npy"):
        sweep(tmp_path)
        assert len(list(tmp_path.glob(".*.tmp"))) == 1, "its writer may live"
    young, old = (tmp_path / f".{name}.tmp" for name in ("young", "old"))
    young.touch()
    old.touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    sweep(tmp_path)
    assert (young.exists(), old.exists()) == (True, False)


def test_sweeping_asks_for_locks_as_nfs_grants_them(tmp_path, monkeypatch):
    flock = fcntl.flock

    def nfs(file, operation):
        if operation & fcntl.LOCK_EX and fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", nfs)
    (tmp_path / ".left.npy.00.tmp").write_bytes(b"of a dead writer")
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_flushed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL))  # a file system that flushes no folders
    sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path)
