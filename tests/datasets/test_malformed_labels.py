"""Label files full of anything: refused in one line, nothing executed, no memory taken on a header's word."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syrfa.datasets.intervals import IntervalRule, IntervalTable
from syrfa.datasets.labels import read_intervals, read_vector
from syrfa.datasets.masks import open_masks
from syrfa.errors import LabelError

RULE = IntervalRule(unit="frames", first_frame=0, end_included=True)
READERS = {
    "labels.m": read_intervals,
    "intervals.mat": read_intervals,
    "vector.npy": read_vector,
    "labels.npy": lambda file: open_masks(file, 6),
    "labels.mat": lambda file: open_masks(file, 6).frame_labels(),
    "labels.csv": lambda file: IntervalTable(file, {"a": "a"}, RULE),
}
EXECUTED = []


class Bait:
    """Runs code where somebody unpickles it."""

    def __reduce__(self):
        return EXECUTED.append, (1,)


def npy(header, version=1, magic=b"\x93NUMPY"):
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return magic + bytes([version, 0]) + length + header


CONTENTS = [
    b"",
    b"\0" * 4096,
    b"\xff" * 4096,
    b"[" * 100_000,
    b"TestVideoFile{end+1}.gt_frame = [" + b"9" * 10_000 + b":3];",
    b"gt_frame" + b" " * 100_000 + b"=",
    pickle.dumps(Bait()),
    b"PK\x03\x04" + bytes(100),
    npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,)}\n"),
    npy(b"{'descr': '|b1', 'fortran_order': False, 'shape': (6, 1000000000, 1000000000)}\n"),
    npy(b"{'descr': '|b1', 'fortran_order': False, 'shape': (-1, -1)}\n") + b"\1",
    npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n") + pickle.dumps(Bait()),
    npy(b"{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}\n") + pickle.dumps(Bait()),
    npy(b"{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000000,)}\n"),
    npy(b"(" * 5000),
    npy(b"{'descr': __import__('os').system('true')}"),
    npy(b"{}", version=2)[:9] + (2**32 - 1).to_bytes(4, "little"),
    npy(b"{}", version=3),
    b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"\x0e\0\0\0\xff\xff\xff\xff",
]


def refused(read):
    """The refusal; nothing is executed, and no memory is taken for what is not there."""
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read()
    except LabelError as error:
        return error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2e7
        assert EXECUTED == []


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")))
def test_anything_at_all(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    refused(lambda: READERS[name](tmp_path / name))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_few_bytes_wrong_in_a_mask(tmp_path, data):
    file = tmp_path / "labels.npy"
    np.save(file, np.ones((6, 4, 5), bool))
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 127))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content))
    refused(lambda: open_masks(file, 6))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", CONTENTS, ids=range(len(CONTENTS)))
def test_each_reader_says_which_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    text = str(refused(lambda: READERS[name](tmp_path / name)))
    assert str(tmp_path / name) in text
    assert "\n" not in text


def test_large_masks_are_mapped_not_loaded(tmp_path):
    """Of 2 GB on disk (a file with a hole) a few pages are read."""
    file = tmp_path / "01_0014.npy"
    shape = (5000, 480, 856)
    np.lib.format.open_memmap(file, "w+", np.dtype(bool), shape).flush()
    tracemalloc.start()
    masks = open_masks(file, 5000)
    assert not masks[4999].any()
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()
