"""The code, packages and machine that a number comes from."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from syrfa import __version__

PACKAGES = ("torch", "torchvision", "lightning", "torchmetrics", "opencv-python", "ultralytics", "numpy", "scipy")


def environment() -> dict[str, Any]:
    """Code, packages, machine and command line, as JSON."""
    return {
        "syrfa": __version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
        "arguments": sys.argv[1:],
    }


def git_commit() -> str | None:
    """The commit of the source tree this package runs from, `+dirty` when files differ.

    Outside a checkout, as in a container that the tree was copied into, what SYRFA_GIT_COMMIT says, or None.
    """
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(folder), *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return None

    commit = git("rev-parse", "HEAD")
    tracked = git("ls-files", "--error-unmatch", "__init__.py")
    if not commit or not tracked:
        return os.environ.get("SYRFA_GIT_COMMIT")
    return commit + ("+dirty" if git("status", "--porcelain", "--untracked-files=no") else "")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
