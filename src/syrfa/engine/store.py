"""One job's folder: who is at work in it, which parts are finished, and whether they are whole."""

import contextlib
import errno
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from syrfa.errors import ConfigError
from syrfa.utils.files import read_sealed, sealed, sha256_file, sha256_json, sweep, sync_folder, write_json

JOB, PARTS, LOCK = "job.json", "parts", ".lock"
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


class JobStore:
    """What a job that can be stopped at any moment has finished.

    ```
    folder/
      job.json           what decides the result (sealed)
      parts/<name>.json  one for every finished part (sealed), written when the part's files are on disk
      .lock              locked while a process works here
    ```

    Any process may write a part, whoever holds the lock; a store is pickled as its arguments.

    Args:
        folder: of the job.
        identity: what decides the result, as JSON; a folder holds one job.
        hash_files: record the SHA-256 of every part's files and compare it; otherwise sizes alone, for large files.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], hash_files: bool = True) -> None:
        self.folder, self.hash_files = folder, hash_files
        self.identity: dict[str, Any] = json.loads(json.dumps(identity))  # as it is read back: tuples are lists there

    def claim(self, overwrite: bool = False) -> None:
        """Takes the folder for this job, or goes on in it.

        `overwrite` drops another job's parts, with the files that they recorded; what no job wrote is never removed.

        Raises:
            ConfigError: the folder holds another job, a damaged one, or files of something else.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise ConfigError(f"{self.folder}: is a file; choose a folder")
        path = self.folder / JOB
        if path.exists():
            found = read_sealed(path)
            if found == self.identity:
                return
            if found is None:
                raise ConfigError(f"{path}: is damaged; choose another folder, or remove {self.folder} yourself")
            if not overwrite:
                raise ConfigError(f"{self.folder}: holds another job ({_difference(found, self.identity)})")
            self._clear()
        elif self.folder.is_dir() and any(not _is_ours(file) for file in self.folder.iterdir()):
            raise ConfigError(f"{self.folder}: holds files of something else; choose an empty folder")
        write_json(path, sealed(self.identity))

    def _clear(self) -> None:
        (self.folder / JOB).unlink(missing_ok=True)  # first: nothing may be taken for this job's that is half removed
        for part in (self.folder / PARTS).glob("*.json"):
            for name in (read_sealed(part) or {}).get("files", {}):
                (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder / PARTS, ignore_errors=True)

    def lock(self, wait: bool = False) -> contextlib.AbstractContextManager[None]:
        """Keeps other processes out of the folder; see `folder_lock`."""
        return folder_lock(self.folder, wait)

    def part(self, name: str) -> dict[str, Any] | None:
        """What `finish` was given; None where the part is unfinished or damaged, or a file of it is not as it was."""
        found = read_sealed(self._place(name))
        if found is None or found.get("job") != sha256_json(self.identity):
            return None
        try:
            whole = all(self._described(self.folder / file) == known for file, known in found["files"].items())
        except OSError:
            return None
        content: dict[str, Any] = found["content"]
        return content if whole else None

    def finish(self, name: str, content: Mapping[str, Any], files: Iterable[Path] = ()) -> None:
        """Marks a part as finished: its JSON `content`, and the files it consists of, which are on disk already."""
        known = {file.relative_to(self.folder).as_posix(): self._described(file) for file in files}
        part = {"job": sha256_json(self.identity), "content": content, "files": known}
        write_json(self._place(name), sealed(part))

    def left(self, names: Iterable[str]) -> list[str]:
        """The parts that are not finished, in the order given."""
        return [name for name in names if self.part(name) is None]

    def complete(self, file: str, content: Mapping[str, Any]) -> None:
        """Writes the job's last file, sealed, when all else is on disk, and removes what killed processes left."""
        sweep(self.folder)
        sync_folder(self.folder)
        write_json(self.folder / file, sealed(content))
        sync_folder(self.folder)

    def _place(self, name: str) -> Path:
        check_part_name(name)
        return self.folder / PARTS / f"{name}.json"

    def _described(self, file: Path) -> dict[str, Any]:
        size: dict[str, Any] = {"bytes": file.stat().st_size}
        return {**size, "sha256": sha256_file(file)} if self.hash_files else size


def _is_ours(file: Path) -> bool:
    """Whether a claim that was killed may have left it: the lock, or `job.json` under its temporary name."""
    return file.name == LOCK or (file.name.startswith(f".{JOB}.") and file.suffix == ".tmp")


def check_part_name(name: str) -> None:
    """Refuses a name that is no file name.

    Raises:
        ConfigError: with the name.
    """
    if not name or name != Path(name).name:
        raise ConfigError(f"the name {name!r} cannot be a file name; rename it")


@contextlib.contextmanager
def folder_lock(folder: Path, wait: bool = False) -> Iterator[None]:
    """Keeps other processes out of a folder, which is made, while the block runs; a killed process lets go of it.

    On a file system without locks the block runs all the same, and a line on stderr says so. `wait` waits until the
    folder is free.

    Raises:
        ConfigError: another process is at work there, and `wait` is off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # not per thread: a generator may be closed by another thread than it was begun in
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            if not wait:
                raise ConfigError(f"{folder}: another process is at work there; wait for it, or end it") from error
            print(f"{folder}: waiting for the process that is at work there", flush=True)
            lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        print(f"{folder}: this file system has no locks; do not run the same job twice at a time", file=sys.stderr)
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first entry that differs."""
    for key in [*found, *wanted]:
        ours, theirs = wanted.get(key), found.get(key)
        if ours != theirs:
            return f"its {key} is {theirs}, not {ours}" if len(f"{ours}{theirs}") < 200 else f"of another {key}"
    return "of another kind"
