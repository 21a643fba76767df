"""The reader of MATLAB files against scipy, which wrote them, and against damage."""

import contextlib
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from syrfa.datasets.matlab import LARGEST_ARRAY, MatError, MatVariable

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


def cells(*arrays):
    content = np.empty((1, len(arrays)), object)
    content[0] = list(arrays)
    return content


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
def test_numbers_and_planes_as_scipy_reads_them(tmp_path, dtype, compress):
    rng = np.random.default_rng(1)
    file = tmp_path / "a.mat"
    content = {
        "plane": rng.integers(0, 100, (3, 5)).astype(dtype),
        "tiny": np.array([[7]], dtype),
        "planes": rng.integers(0, 100, (3, 5, 4)).astype(dtype),
    }
    savemat(file, content, do_compression=compress)
    expected = loadmat(file)
    (plane,) = MatVariable(file, "plane")
    assert plane.dtype == expected["plane"].dtype
    assert np.array_equal(plane, expected["plane"])
    assert [array.tolist() for array in MatVariable(file, "tiny")] == [[[7]]]
    planes = MatVariable(file, "other", "planes")
    assert (planes.name, planes.dims, planes.count) == ("planes", (3, 5, 4), 4)
    for _ in range(2):
        assert np.array_equal(np.stack(list(planes), axis=2), expected["planes"])


@pytest.mark.parametrize("compress", [False, True])
def test_cells_as_scipy_reads_them(tmp_path, compress):
    file = tmp_path / "a.mat"
    arrays = [np.eye(3, 4, dtype=np.uint8), np.zeros((0, 0)), np.array([[1.5, 2], [3, 4]]), np.array([[True, False]])]
    savemat(file, {"before": np.zeros(3), "gt": cells(*arrays)}, do_compression=compress)
    variable = MatVariable(file, "gt")
    assert (variable.is_cell, variable.count) == (True, 4)
    for found, expected in zip(variable, loadmat(file)["gt"].ravel(), strict=True):
        assert np.array_equal(found, expected)


def test_a_big_endian_file(tmp_path):
    """As MATLAB wrote them on a SPARC, put together by hand."""

    def element(kind, data):
        return np.array([kind, len(data)], ">u4").tobytes() + data + bytes(-len(data) % 8)

    matrix = element(6, np.array([6, 0], ">u4").tobytes()) + element(5, np.array([1, 2], ">i4").tobytes())
    matrix += element(1, b"gt") + element(9, np.array([258.0, 3.0], ">f8").tobytes())
    file = tmp_path / "a.mat"
    file.write_bytes(b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + element(14, matrix))
    assert loadmat(file)["gt"].tolist() == [[258, 3]]
    assert next(iter(MatVariable(file, "gt"))).tolist() == [[258, 3]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": np.zeros(3)}, "no variable gt"),
        ({"gt": "text"}, "neither numbers nor cells"),
        ({"gt": {"a": 1}}, "neither numbers nor cells"),
    ],
)
def test_other_variables(tmp_path, content, message):
    savemat(tmp_path / "a.mat", content)
    with pytest.raises(MatError, match=message):
        list(MatVariable(tmp_path / "a.mat", "gt"))


def test_cells_of_something_else(tmp_path):
    for number, inner in enumerate((cells(np.zeros(2)), "text")):
        savemat(tmp_path / f"{number}.mat", {"gt": cells(np.zeros(2), inner)})
        with pytest.raises(MatError, match="holds no numbers"):
            list(MatVariable(tmp_path / f"{number}.mat", "gt"))


@pytest.mark.parametrize("start", [b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3 MAT-file, Platform: GLNXA64"])
def test_level_7_3_is_named_with_what_to_do(tmp_path, start, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "a.mat").write_bytes(start.ljust(600, b"\0"))
    with pytest.raises(MatError, match=r"7\.3 \(HDF5\): install h5py, or .*-v7"):
        MatVariable(tmp_path / "a.mat", "vol")


@pytest.fixture
def level_7_3(tmp_path):
    """As MATLAB lays out level 7.3: axes reversed, cells as references, the size in place of an empty array."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["vol"] = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
        file["plane"] = np.arange(6.0).reshape(3, 2)
        file["#refs#/a"] = np.arange(6, dtype=np.uint8).reshape(3, 2)
        file["#refs#/b"] = np.array([0, 0], np.uint64)
        file["#refs#/b"].attrs["MATLAB_empty"] = np.uint8(1)
        file["group/x"] = 1
        file["gt"] = np.array([[file["#refs#/a"].ref], [file["#refs#/b"].ref]], h5py.ref_dtype)
        file["bad"] = np.array([[file["group"].ref]], h5py.ref_dtype)
    content = bytearray((tmp_path / "a.mat").read_bytes())
    content[:38] = b"MATLAB 7.3 MAT-file, Platform: GLNXA64"
    (tmp_path / "a.mat").write_bytes(content)
    return tmp_path / "a.mat"


def test_level_7_3_where_h5py_is_installed(level_7_3):
    volume = MatVariable(level_7_3, "vol")
    assert (volume.dims, volume.count, volume.is_cell) == ((2, 3, 4), 4, False)
    planes = list(volume)
    assert np.array_equal(np.stack(planes), np.arange(24).reshape(4, 3, 2).transpose(0, 2, 1))
    assert planes[0].dtype == np.uint8
    assert [array.tolist() for array in MatVariable(level_7_3, "plane")] == [[[0, 2, 4], [1, 3, 5]]]
    cells = MatVariable(level_7_3, "other", "gt")
    assert (cells.name, cells.is_cell, cells.count) == ("gt", True, 2)
    assert [array.shape for array in cells] == [(2, 3), (0, 0)]
    with pytest.raises(MatError, match="no variable nothing; there is"):
        MatVariable(level_7_3, "nothing")
    with pytest.raises(MatError, match="neither numbers"):
        MatVariable(level_7_3, "group")
    with pytest.raises(MatError, match="holds no numbers"):
        list(MatVariable(level_7_3, "bad"))


def test_level_7_3_that_is_damaged(level_7_3):
    level_7_3.write_bytes(level_7_3.read_bytes()[:700])
    with pytest.raises(MatError):
        list(MatVariable(level_7_3, "vol"))


@pytest.mark.parametrize("content", [b"", b"text", bytes(200), b"MATLAB 5.0".ljust(126) + b"IM"])
def test_no_matlab_file_or_an_empty_one(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(MatError):
        MatVariable(tmp_path / "a.mat", "gt")


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
    assert peak_of(lambda: list(MatVariable(file, "gt"))) < 4e6


def test_a_bomb_is_not_unpacked(tmp_path):
    """A gigabyte of zeros in a megabyte: another variable is passed over packed, an array too large is refused."""
    big = LARGEST_ARRAY + 8
    file = pack(tmp_path / "a.mat", header(9, (1, big)) + np.array([2, big], "<u4").tobytes() + bytes(big), True)
    assert file.stat().st_size < 1e5
    assert peak_of(lambda: list(MatVariable(file, "gt"))) < 4e6
    assert peak_of(lambda: list(MatVariable(file, "other"))) < 4e6


@settings(max_examples=300, deadline=None)
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
            assert all(array.nbytes < 1e6 for array in MatVariable(file, name))
