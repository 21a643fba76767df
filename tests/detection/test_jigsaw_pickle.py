"""Published pickles are decoded, hostile ones refused, none executed."""

import collections
import os
import pickle

import numpy as np
import pytest

from syrfa.detection import FileDetector, import_jigsaw_pickle
from syrfa.detection.plain_pickle import read_plain
from syrfa.errors import DetectionError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def frames(seed=0):
    rng = np.random.default_rng(seed)
    out = []
    for count in (2, 0, 3):
        corner = rng.uniform(0, 30, (count, 2))
        size = rng.uniform(5, 20, (count, 2))
        out.append(np.concatenate([corner, corner + size, rng.uniform(0.3, 1, (count, 1))], axis=1))
    return out


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_data_comes_back(protocol):
    shared = [1, 2]
    data = {
        "list": [1, -(2**70), 0.5, True, None, "ä\n", (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], {}, ()],
        7: shared,
        "again": shared,
        "long text": "x" * 300,
    }
    assert read_plain(pickle.dumps(data, protocol)) == data


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i8", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back(protocol, dtype, order):
    array = np.asarray(np.arange(12).reshape(4, 3) % 5, dtype, order=order)
    for value in (array, array[:0], array[1:3, ::2]):
        back = read_plain(pickle.dumps({"a": [value]}, protocol))["a"][0]
        assert np.array_equal(back, value)
        assert back.shape == value.shape
    assert read_plain(pickle.dumps([np.float32(0.5), np.int64(7)], protocol)) == [0.5, 7]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_of_objects_become_lists(protocol):
    ragged = np.empty(3, object)
    ragged[:] = frames()
    back = read_plain(pickle.dumps(ragged, protocol))
    assert isinstance(back, list)
    assert all(np.array_equal(a, b) for a, b in zip(back, frames(), strict=True))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_executed(tmp_path, protocol):
    marker = tmp_path / "executed"
    for wrap in (lambda e: e, lambda e: [[np.ones((1, 5)), e]], lambda e: {"01": e}):
        with pytest.raises(DetectionError, match="system") as error:
            read_plain(pickle.dumps(wrap(Evil(marker)), protocol))
        assert "\n" not in str(error.value)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Evil(marker), protocol))
    assert marker.exists(), "the same bytes are live for pickle itself"


@pytest.mark.parametrize(
    "data",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR.",
        b"cnumpy\nndarray\n.",
        b"(i__main__\nfoo\n.",  # INST
        b"P123\n.",  # a persistent id
        b"\x80\x02\x82\x01.",  # an extension code
        b"(lp0\ng0\na.",  # a list that holds itself
        b"]\x94(h\x01e.",  # a reference to nothing
        b"",
        b"not a pickle",
        pickle.dumps([1, 2, 3])[:-3],
        pickle.dumps(collections.OrderedDict(a=1)),
        pickle.dumps(np.array(["text"])),
        pickle.dumps(np.zeros(2, [("x", "f4")])),
        pickle.dumps(frames),
    ],
)
def test_everything_else_is_refused(data):
    with pytest.raises(DetectionError) as error:
        read_plain(data)
    assert "\n" not in str(error.value)


def test_every_cut_is_refused():
    data = pickle.dumps({"01": frames()}, 2)
    for end in range(len(data)):
        with pytest.raises(DetectionError):
            read_plain(data[:end])


@pytest.mark.parametrize("outer", ["dictionary", "list"])
def test_import(tmp_path, make_dataset, outer):
    videos = {"01": frames(0), "02": frames(1)}
    source = tmp_path / "detections.pkl"
    source.write_bytes(pickle.dumps(videos if outer == "dictionary" else list(videos.values()), 2))
    target = import_jigsaw_pickle(source, tmp_path / "out" / "test.npz", ["01", "02"], [3, 3])
    detector = FileDetector(target)
    dataset = make_dataset(("01", "02"))
    for number, video in enumerate(videos.values()):
        detector.start(dataset, dataset.videos("test")[number], 3, 60, 80)
        found = detector.detect(np.zeros((3, 0, 0, 3), np.uint8), 0)
        for got, expected in zip(found, video, strict=True):
            assert got.xyxy == pytest.approx(expected[:, :4].astype(np.float32))
            assert got.confidence == pytest.approx(expected[:, 4].astype(np.float32))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"01": frames()}, "videos"),
        ({"01": frames(), "03": frames()}, "videos"),
        ([frames()], "2 videos"),
        ([frames(), frames()[:2]], "video 02 has 2 frames"),
        ([frames(), [np.ones((2, 4))] * 3], "video 02, frame 0"),
        ([frames(), ["text"] * 3], "video 02, frame 0"),
        ("text", "2 videos"),
    ],
)
def test_other_content(tmp_path, content, what):
    source = tmp_path / "detections.pkl"
    source.write_bytes(pickle.dumps(content))
    with pytest.raises(DetectionError, match=what) as error:
        import_jigsaw_pickle(source, tmp_path / "test.npz", ["01", "02"], [3, 3])
    assert str(source) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "test.npz").exists()


def test_missing_pickle(tmp_path):
    with pytest.raises(DetectionError, match="no such file"):
        import_jigsaw_pickle(tmp_path / "none.pkl", tmp_path / "test.npz", ["01"], [3])
