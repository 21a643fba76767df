"""MATLAB volumes as videos."""

import numpy as np
import pytest
from scipy.io import savemat

from syrfa.datasets.video import frame_count, open_video
from syrfa.errors import VideoError

FRAMES = np.random.default_rng(2).integers(0, 256, (12, 16, 5)).astype(np.uint8)


@pytest.mark.parametrize("compress", [False, True])
def test_frames_in_order(tmp_path, compress):
    savemat(tmp_path / "vol01.mat", {"vol": FRAMES}, do_compression=compress)
    video = open_video(tmp_path / "vol01.mat", expected=5)
    assert (video.height, video.width) == (12, 16)
    found = list(video)
    assert {(frame.dtype.name, frame.shape) for frame in found} == {("uint8", (12, 16, 1))}
    assert np.array_equal(np.concatenate(found, axis=2), FRAMES)
    assert frame_count(tmp_path / "vol01.mat") == 5


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"other": FRAMES}, "no variable vol"),
        ({"vol": FRAMES[..., 0]}, "12 x 16"),
        ({"vol": FRAMES[..., :0]}, "no frame"),
        ({"vol": FRAMES.astype(np.float64)}, "float64"),
    ],
)
def test_what_is_no_volume(tmp_path, content, part):
    savemat(tmp_path / "vol01.mat", content)
    with pytest.raises(VideoError, match=part) as error:
        open_video(tmp_path / "vol01.mat")
    assert str(tmp_path / "vol01.mat") in str(error.value)


def test_a_volume_that_is_cut_off(tmp_path):
    file = tmp_path / "vol01.mat"
    savemat(file, {"vol": FRAMES})
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(VideoError, match="cut off"):
        frame_count(file)
