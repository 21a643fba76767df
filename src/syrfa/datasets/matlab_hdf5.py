"""MATLAB files of level 7.3, which are HDF5; read where h5py is installed."""

import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HINT = "is of level 7.3 (HDF5): install h5py, or load it in MATLAB and save it again with -v7"


def find_variable(file: Path, names: tuple[str, ...]) -> tuple[str, tuple[int, ...], bool]:
    """Name, MATLAB's size, and whether it is a cell array, of the first of `names` that is there.

    Raises:
        ValueError: h5py is missing, none is there, or it holds neither numbers nor cells.
        OSError: the file is damaged.
    """
    with _open(file) as content:
        for name in names:
            if name in content:
                item = content[name]
                if not hasattr(item, "shape") or item.dtype.kind not in "buifO":
                    raise ValueError(f"{name} holds neither numbers nor cells of numbers")
                # what MATLAB calls (height, width, frames) HDF5 calls (frames, width, height)
                return name, tuple(int(n) for n in item.shape[::-1]), item.dtype.kind == "O"
        raise ValueError(f"no variable {' or '.join(names)}; there is {', '.join(content)[:200] or 'none'}")


def read_arrays(file: Path, name: str, largest: int) -> Iterator[NDArray[np.generic]]:
    """The cells of a variable, its planes (height, width), or the one array that it is.

    Args:
        file: the file.
        name: of the variable.
        largest: bytes that one array may have.

    Raises:
        ValueError: an array is larger, or a cell holds no numbers.
        OSError: the file is damaged.
    """
    with _open(file) as content:
        item = content[name]
        if item.dtype.kind == "O":
            for place in item[()].ravel():
                yield _numbers(content[place], largest)
        elif item.ndim == 3:
            _check(math.prod(item.shape[1:]) * item.dtype.itemsize, largest)
            for number in range(item.shape[0]):
                yield np.asarray(item[number]).T
        else:
            yield _numbers(item, largest)


def _open(file: Path) -> Any:  # noqa: ANN401 - h5py is optional
    try:
        h5py = importlib.import_module("h5py")
    except ImportError as error:
        raise ValueError(HINT) from error
    return h5py.File(file, "r")


def _numbers(item: Any, largest: int) -> NDArray[np.generic]:  # noqa: ANN401 - a dataset of h5py
    if not hasattr(item, "shape") or item.dtype.kind not in "buif":
        raise ValueError("has a cell that holds no numbers")
    if "MATLAB_empty" in item.attrs:  # the numbers stored are its size
        return np.empty((0, 0))
    _check(math.prod(item.shape) * item.dtype.itemsize, largest)
    return np.asarray(item[()]).T


def _check(size: int, largest: int) -> None:
    if size > largest:
        raise ValueError(f"has an array of {size:,} bytes, more than a mask or a frame needs")
