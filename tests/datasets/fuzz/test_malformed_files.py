"""Readers of labels and boxes on files that are nearly right, that claim too much, and that want to be executed."""

import io
import os
import pickle
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
from dataset_trees import write_frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mangled import mangled, survives
from small_releases import write_video

from syrfa.datasets import ShanghaiTech, UBnormal, UCSDPed2
from syrfa.detection import FileDetector
from syrfa.detection.file import read_boxes

FRAMES, HEIGHT, WIDTH = 6, 12, 18
FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "50")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def in_memory(save, *arguments, **named) -> bytes:
    file = io.BytesIO()
    save(file, *arguments, **named)
    return file.getvalue()


def cells() -> dict[str, np.ndarray]:
    """The intervals of two videos as the release's .mat file has them."""
    gt = np.empty((1, 2), object)
    gt[0, 0], gt[0, 1] = np.array([[2], [4]], np.uint8), np.array([[1, 5], [2, 6]], np.uint8)
    return {"gt": gt}


def boxes() -> dict[str, np.ndarray]:
    return {
        "boxes": np.array([[1, 2, 9, 12, 0.9], [3, 4, 15, 11, 0.4], [5, 6, 15, 12, 1]], np.float32),
        "video": np.array([0, 0, 1], np.int32),
        "frame": np.array([0, 5, 3], np.int32),
        "names": np.array(["01", "02"]),
        "frames_per_video": np.array([FRAMES, FRAMES], np.int32),
        "class_id": np.array([0, 2, 0], np.int16),
    }


class Place:
    """A tree of every data set; the readers are made anew for each file, since they remember what they saw."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for split in ("Train", "Test"):
            for number in (1, 2):
                write_frames(root / "ped2" / split / f"{split}{number:03d}", FRAMES, 0, ".png")
        write_frames(root / "shanghaitech" / "testing" / "frames" / "01_0001", FRAMES, 0, ".png")
        (root / "shanghaitech" / "testing" / "test_frame_mask").mkdir()
        annotations = root / "ubnormal" / "Scene1" / "abnormal_scene_1_scenario_1_annotations"
        write_frames(annotations, FRAMES, 0, ".png")
        for frame, path in enumerate(sorted(annotations.iterdir())):
            path.rename(annotations / f"abnormal_scene_1_scenario_1_{frame:04d}_gt.png")
        self.tracks = annotations / "abnormal_scene_1_scenario_1_tracks.txt"
        self.id_mask = annotations / "abnormal_scene_1_scenario_1_0002_gt.png"
        write_video(annotations.parent / "abnormal_scene_1_scenario_1.mp4", FRAMES, (WIDTH, HEIGHT), "mp4v")
        (root / "ubnormal" / "scripts").mkdir()
        self.names = root / "ubnormal" / "scripts" / "abnormal_test_video_names.txt"
        self.names.write_text("abnormal_scene_1_scenario_1\n")
        (root / "ubnormal" / "scripts" / "normal_test_video_names.txt").write_text("")

    def labels(self, dataset, file: Path, content: bytes) -> None:
        """All labels of the test split, with `content` as one of its files."""
        file.write_bytes(content)
        try:
            for record in dataset.videos("test"):
                labels = dataset.frame_labels(record)
                assert labels is not None
                assert labels.dtype == np.uint8
                assert set(labels.tolist()) <= {0, 1}
                for track in dataset.tracks(record):
                    assert 0 <= track.start <= track.end
        finally:
            file.unlink()

    def script(self, content: bytes) -> None:
        self.labels(UCSDPed2(self.root / "ped2"), self.root / "ped2" / "Test" / "UCSDped2.m", content)

    def mat(self, content: bytes) -> None:
        self.labels(UCSDPed2(self.root / "ped2"), self.root / "ped2" / "Test" / "ped2.mat", content)

    def vector(self, content: bytes) -> None:
        mask = self.root / "shanghaitech" / "testing" / "test_frame_mask" / "01_0001.npy"
        dataset = ShanghaiTech(self.root / "shanghaitech")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*are missing; results are of those")
            self.labels(dataset, mask, content)

    def track_lines(self, content: bytes) -> None:
        self.labels(UBnormal(self.root / "ubnormal"), self.tracks, content)

    def mask(self, content: bytes) -> None:
        before = self.id_mask.read_bytes()
        dataset = UBnormal(self.root / "ubnormal")
        try:
            self.tracks.write_bytes(b"1,2,4\n")
            self.id_mask.write_bytes(content)
            mask = dataset.id_mask(dataset.videos("test")[0], 2)
            assert mask is not None
            assert mask.ndim == 2
        finally:
            self.id_mask.write_bytes(before)
            self.tracks.unlink()

    def list_of_names(self, content: bytes) -> None:
        before = self.names.read_bytes()
        try:
            self.names.write_bytes(content)
            for record in UBnormal(self.root / "ubnormal").videos("test"):
                assert record.path.resolve().is_relative_to(self.root.resolve())
                assert Path(record.name).name == record.name
        finally:
            self.names.write_bytes(before)

    def box_file(self, content: bytes) -> None:
        path = self.root / "boxes.npz"
        path.write_bytes(content)
        read_boxes(path)
        dataset = UCSDPed2(self.root / "ped2")
        detector = FileDetector(path)
        for record in dataset.videos("test"):
            detector.start(dataset, record, FRAMES, HEIGHT, WIDTH)
            for found in detector.detect(np.empty((FRAMES, 0, 0, 3), np.uint8), 0):
                assert found.xyxy.shape == (len(found), 4)
                assert np.isfinite(found.xyxy).all()
                assert ((found.confidence >= 0) & (found.confidence <= 1)).all()


def npy(array: np.ndarray, **named) -> bytes:
    return in_memory(np.lib.format.write_array, array, **named)


LABELS = np.array([0, 0, 1, 1, 0, 0], np.uint8)
VALID = {
    "script": (
        "script",
        b"TestVideoFile = {};\nTestVideoFile{end+1}.gt_frame = [2:4];\nTestVideoFile{end+1}.gt_frame = [1:2, 5:6];\n",
    ),
    "mat": ("mat", in_memory(scipy.io.savemat, cells())),
    "packed mat": ("mat", in_memory(scipy.io.savemat, cells(), do_compression=True)),
    "vector": ("vector", npy(LABELS)),
    "vector of numbers": ("vector", npy(LABELS.astype(np.float64), version=(2, 0))),
    "tracks": ("track_lines", b"1,2,4\n3,0,5\n"),
    "tracks in floats": ("track_lines", b"2.000000000000000000e+00,1.0e+00,3.0e+00\n"),
    "tracks as a vector": ("track_lines", npy(1 - LABELS)),
    "id mask": ("mask", cv2.imencode(".png", np.eye(HEIGHT, WIDTH, dtype=np.uint8))[1].tobytes()),
    "id mask (.bmp)": ("mask", cv2.imencode(".bmp", np.eye(HEIGHT, WIDTH, dtype=np.uint8))[1].tobytes()),
    "id mask (.tif)": ("mask", cv2.imencode(".tif", np.eye(HEIGHT, WIDTH, dtype=np.uint16))[1].tobytes()),
    "list of names": ("list_of_names", b"abnormal_scene_1_scenario_1\n"),
    "boxes": ("box_file", in_memory(np.savez, **boxes())),
    "packed boxes": ("box_file", in_memory(np.savez_compressed, **boxes())),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return Place(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("kind", VALID)
def test_what_is_right_is_read(place, kind):
    reader, content = VALID[kind]
    assert survives(lambda: getattr(place, reader)(content)) is None


@pytest.mark.parametrize("kind", VALID)
@FUZZ
@given(data=st.data())
def test_nearly_right(place, kind, data):
    reader, content = VALID[kind]
    changed = data.draw(mangled(content))
    survives(lambda: getattr(place, reader)(changed))


@pytest.mark.parametrize("reader", sorted({reader for reader, _ in VALID.values()}))
@FUZZ
@given(content=st.binary(max_size=300))
def test_anything(place, reader, content):
    survives(lambda: getattr(place, reader)(content))


DTYPES = st.sampled_from(["u1", "i8", "u8", "f2", "f8", "c16", "?", "U3", "S2", "M8[s]", "m8", "V3", "i4,f4"])
SHAPES = st.sampled_from([(), (0,), (1,), (2,), (3,), (6,), (3, 5), (3, 6), (0, 5), (1, 6), (2, 1), (2, 3, 5)])


def of_type(dtype: str, shape: tuple[int, ...], fill: int) -> np.ndarray:
    return np.frombuffer(bytes([fill]) * (int(np.prod(shape)) * np.dtype(dtype).itemsize), dtype).reshape(shape)


ARRAYS = st.builds(of_type, DTYPES, SHAPES, st.sampled_from([0, 1, 63, 127, 255]))


@FUZZ
@given(
    changes=st.dictionaries(st.sampled_from([*boxes(), "schema", "split"]), ARRAYS | st.none(), min_size=1, max_size=2)
)
def test_other_arrays_in_a_file_of_boxes(place, changes):
    arrays = {**boxes(), **changes}
    content = in_memory(np.savez, **{name: array for name, array in arrays.items() if array is not None})
    survives(lambda: place.box_file(content))


@FUZZ
@given(array=ARRAYS)
def test_other_arrays_as_labels(place, array):
    for reader in ("vector", "track_lines"):
        survives(lambda reader=reader: getattr(place, reader)(npy(array)))
    if array.dtype.kind in "iufbcU" and array.size:
        survives(lambda: place.mat(in_memory(scipy.io.savemat, {"gt": array})))


def npy_header(text: str, version: int = 1, length: int | None = None) -> bytes:
    size = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + size.to_bytes(2 if version == 1 else 4, "little") + text.encode()


CLAIMS = {
    f"{descr} {shape}": npy_header(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n") + bytes(6)
    for descr in ("|u1", "<f8", "<U100000000", "|V1000000000")
    for shape in (
        "(1000000000,)",
        "(10000000000000,)",
        "(4611686018427387904,)",
        "(1000000, 1000000, 1000000)",
        "(-1,)",
    )
}
CLAIMS |= {
    "a long header": npy_header("{", 2, 2**32 - 1),
    "a deep header": npy_header("(" * 5000),
    "a header of version 3": npy_header("{'descr': '|u1', 'fortran_order': True, 'shape': (10**12,), }\n", 3),
    "objects": npy_header("{'descr': '|O', 'fortran_order': False, 'shape': (6,), }\n") + pickle.dumps([0] * 6),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_of_npy_headers(place, claim):
    content = CLAIMS[claim]
    for reader in ("vector", "track_lines"):
        assert survives(lambda reader=reader: getattr(place, reader)(content))
    for name in ("boxes", "video", "names", "frames_per_video"):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for other, array in boxes().items():
                archive.writestr(f"{other}.npy", content if other == name else npy(array))
        assert survives(lambda file=file: place.box_file(file.getvalue()))


@pytest.mark.parametrize("name", ["boxes", "video", "names", "not asked for"])
def test_archives_that_unfold(place, name):
    """280 kB hold 288 MB."""
    zeros = npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (14400000, 5), }\n") + bytes(288_000_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for other, array in boxes().items():
            if other != name:
                archive.writestr(f"{other}.npy", npy(array))
        archive.writestr(f"{name}.npy", zeros)
    content = file.getvalue()
    del zeros
    line = survives(lambda: place.box_file(content), memory=1 << 27)
    assert line or name == "not asked for"


@pytest.mark.parametrize("dims", [(2**16, 2**15), (2**31 - 1, 2**31 - 1), (1, 2**30), (0, 0)])
def test_claims_of_images(place, dims):
    image = bytearray(cv2.imencode(".png", np.eye(HEIGHT, WIDTH, dtype=np.uint8))[1].tobytes())
    image[16:24] = struct.pack(">II", *dims)
    image[29:33] = struct.pack(">I", zlib.crc32(bytes(image[12:29])))
    assert survives(lambda: place.mask(bytes(image)))


class Command:
    """What a hostile file holds: a pickle that makes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def hostile(mark: Path) -> dict[str, bytes]:
    """The pickle itself, in arrays of objects, and in an archive of them, under every name that is read."""
    objects = np.empty(6, object)
    objects[:] = [Command(mark)] * 6
    bare = pickle.dumps(Command(mark))
    files = {"a pickle": bare, "an array of objects": npy(objects), "a pickle behind a vector": npy(LABELS) + bare}
    for name in boxes():
        files[f"{name} of objects"] = in_memory(np.savez, **{**boxes(), name: objects})
        members = io.BytesIO()
        with zipfile.ZipFile(members, "w") as archive:
            for other, array in boxes().items():
                archive.writestr(f"{other}.npy", bare if other == name else npy(array))
        files[f"{name} as a pickle"] = members.getvalue()
    files["one array more"] = in_memory(np.savez, **boxes(), more=objects)
    return files


def test_nothing_is_executed(place, tmp_path):
    mark = tmp_path / "executed"
    for name, content in hostile(mark).items():
        for reader in sorted({reader for reader, _ in VALID.values()}):
            line = survives(lambda reader=reader, content=content: getattr(place, reader)(content))
            assert line or (reader, name) in (("box_file", "one array more"), ("vector", "a pickle behind a vector")), (
                name
            )
            assert not mark.exists(), f"{reader} executed {name}"
    np.load(io.BytesIO(hostile(mark)["an array of objects"]), allow_pickle=True)
    assert mark.exists(), "the same bytes are live for a reader that allows it"


@FUZZ
@given(
    names=st.lists(
        st.text(max_size=12) | st.sampled_from(["../../x_scene_1_scenario_1", "/etc/scene_1", "scene_1\x00"]),
        max_size=3,
    )
)
def test_names_that_lead_elsewhere(place, names):
    survives(lambda: place.list_of_names("\n".join(names).encode("utf-8", "surrogatepass")))
