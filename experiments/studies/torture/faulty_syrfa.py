"""`python -m syrfa` on a file system that fails as network file systems do.

Usage: `python faulty_syrfa.py FAULT SHARE SEED verb ...`. A share of the calls fails, chosen by the file's name and the
seed alone, so that neither the number of processes nor their order matters. Worker processes run this file again
when they start, and get the same faults.
"""

import errno
import fcntl
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

FAULT, SHARE, SEED = sys.argv[1], float(sys.argv[2]), sys.argv[3]
RENAMES = ("EXDEV", "ESTALE", "EIO", "EIO after success", "ENOENT after success", "temporary file removed")
LOCKS = ("ENOLCK", "ENOSYS", "EOPNOTSUPP")

replace, fsync = Path.replace, os.fsync


def chosen(name: str) -> bool:
    """Whether the call for the file of this name fails."""
    return int(hashlib.sha256(f"{SEED} {name}".encode()).hexdigest()[:8], 16) < SHARE * 2**32


def failure(number: int, path: Path) -> OSError:
    """As the system would raise it."""
    return OSError(number, os.strerror(number), str(path))


def failing_replace(source: Path, target: Any) -> Path:
    """Path.replace of a server that fails."""
    if not chosen(Path(target).name):
        return replace(source, target)
    if FAULT.endswith("after success"):
        replace(source, target)
    if FAULT == "temporary file removed":
        source.unlink()
        return replace(source, target)
    raise failure(getattr(errno, FAULT.split()[0]), source)


def failing_flock(file: Any, operation: int) -> None:
    """fcntl.flock of a mount without locks."""
    del file, operation
    raise failure(getattr(errno, FAULT), Path("lock"))


def failing_fsync(handle: int) -> None:
    """os.fsync of a disk that fails; the file's name without what is random in it decides."""
    if chosen(Path(f"/proc/self/fd/{handle}").readlink().name.rsplit(".", 2)[0]):
        raise failure(errno.EIO, Path("disk"))
    fsync(handle)


if FAULT in RENAMES:
    Path.replace = failing_replace  # type: ignore[method-assign]
elif FAULT in LOCKS:
    fcntl.flock = failing_flock  # type: ignore[assignment]
else:
    os.fsync = failing_fsync

if __name__ == "__main__":
    from syrfa.__main__ import main

    sys.exit(main(sys.argv[4:]))
