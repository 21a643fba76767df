"""Variables of MATLAB files: what scipy reads, behind a check of their size, and damage as one kind of error."""

import contextlib
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from syrfa.datasets.matlab import MatError, arrays_of, load_variable


def cells(*arrays):
    content = np.empty((1, len(arrays)), object)
    content[0] = list(arrays)
    return content


@pytest.mark.parametrize("compress", [False, True])
def test_numbers_planes_and_cells(tmp_path, compress):
    file = tmp_path / "a.mat"
    planes = np.random.default_rng(1).integers(0, 100, (3, 5, 4)).astype(np.uint8)
    inner = [np.eye(3, 4, dtype=np.uint8), np.zeros((0, 0)), np.array([[1.5, 2], [3, 4]]), np.array([[True, False]])]
    savemat(file, {"plane": planes[..., 0], "planes": planes, "gt": cells(*inner)}, do_compression=compress)
    (plane,) = arrays_of(load_variable(file, "plane"))
    assert (plane.dtype, plane.tolist()) == (np.uint8, planes[..., 0].tolist())
    found = arrays_of(load_variable(file, "other", "planes"))
    assert np.array_equal(np.stack(found, axis=2), planes)
    for one, expected in zip(arrays_of(load_variable(file, "gt")), inner, strict=True):
        assert np.array_equal(one, expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": np.zeros(3)}, "no variable gt; there is x"),
        ({"gt": "text"}, "neither numbers nor cells"),
        ({"gt": {"a": 1}}, "neither numbers nor cells"),
        ({"gt": cells(np.zeros(2), "text")}, "holds no numbers"),
        ({"gt": cells(np.zeros(2), cells(np.zeros(2)))}, "holds no numbers"),
    ],
)
def test_other_variables(tmp_path, content, message):
    savemat(tmp_path / "a.mat", content)
    with pytest.raises(MatError, match=message):
        load_variable(tmp_path / "a.mat", "gt")


@pytest.mark.parametrize("start", [b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3 MAT-file, Platform: GLNXA64"])
def test_level_7_3_is_named_with_what_to_do(tmp_path, start):
    (tmp_path / "a.mat").write_bytes(start.ljust(600, b"\0"))
    with pytest.raises(MatError, match=r"7\.3 \(HDF5\): load it in MATLAB and save it again with -v7"):
        load_variable(tmp_path / "a.mat", "vol")


@pytest.mark.parametrize("content", [b"", b"text", bytes(200), b"MATLAB 5.0".ljust(126) + b"IM"])
def test_no_matlab_file_or_an_empty_one(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(MatError):
        load_variable(tmp_path / "a.mat", "gt")


def header(kind, dims, name=b"gt"):
    """The head of a matrix, little-endian, up to where its numbers begin."""
    parts = np.array([6, 8, kind, 0, 5, 4 * len(dims)], "<u4").tobytes() + np.array(dims, "<i4").tobytes()
    parts += bytes(-4 * len(dims) % 8)
    return parts + np.array([1, len(name)], "<u4").tobytes() + name + bytes(-len(name) % 8)


def pack(path, matrix, compress):
    element = np.array([14, len(matrix)], "<u4").tobytes() + matrix
    if compress:
        packed = zlib.compress(element, 9)
        element = np.array([15, len(packed)], "<u4").tobytes() + packed
    path.write_bytes(b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + element)
    return path


def peak_of(call):
    tracemalloc.start()
    try:
        with pytest.raises(MatError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    "matrix",
    [
        header(1, (2**31 - 1, 2**31 - 1)),  # cells
        header(1, (1, 2**21)),
        header(9, (2**31 - 1, 2**31 - 1)) + np.array([2, 2**32 - 1], "<u4").tobytes(),
        header(9, (2**16, 2**15)) + np.array([2, 2**31], "<u4").tobytes(),
        header(9, (2, 2, 2**31 - 1)) + np.array([2, 2**32 - 4], "<u4").tobytes(),
        header(6, (1, 1)) + np.array([9, 2**32 - 1], "<u4").tobytes(),
    ],
    ids=["cells", "many cells", "matrix", "whole matrix", "planes", "one number"],
)
def test_huge_claims_reserve_no_memory(tmp_path, matrix, compress):
    file = pack(tmp_path / "a.mat", matrix, compress)
    assert peak_of(lambda: load_variable(file, "gt")) < 4e6


def test_a_bomb_is_not_unpacked(tmp_path):
    big = (1 << 22) + 8
    file = pack(tmp_path / "a.mat", header(9, (1, big)) + np.array([2, big], "<u4").tobytes() + bytes(big), True)
    assert file.stat().st_size < 1e4
    for name in ("gt", "other"):
        assert peak_of(lambda name=name: load_variable(file, name, largest=1 << 22)) < 4e6


@settings(max_examples=100, deadline=None)
@given(data=st.data(), compress=st.booleans())
def test_damaged_files_raise_that_alone(tmp_path_factory, data, compress):
    file = tmp_path_factory.mktemp("mat") / "a.mat"
    savemat(
        file, {"gt": cells(np.eye(2), np.ones((2, 3), np.uint8)), "vol": np.ones((2, 3, 4))}, do_compression=compress
    )
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(100, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content[: data.draw(st.integers(100, len(content)))])
    for name in ("gt", "vol"):
        with contextlib.suppress(MatError):
            assert all(array.nbytes < 1e6 for array in arrays_of(load_variable(file, name)))


@pytest.mark.parametrize("kind", [0, 8, 10, 11, 14, 15, 19, 255])
def test_a_type_that_holds_no_numbers_never_reaches_scipy(tmp_path, kind):
    savemat(tmp_path / "a.mat", {"gt": np.arange(3.0)})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    content[content.index(np.arange(3.0).tobytes()) - 8] = kind  # scipy takes it for an index, and the process ends
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(MatError, match="claims"):
        load_variable(tmp_path / "a.mat", "gt")
