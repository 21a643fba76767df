"""Frames come back whole, in order and in their own colour; anything else is an error of one line."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_trees import one_line

from syrfa.datasets.images import read_image, read_mask
from syrfa.datasets.video import frame_count, list_images, open_video
from syrfa.errors import VideoError


def grey(number, height=12, width=16):
    return np.full((height, width), number, np.uint8)


def write_folder(folder: Path, count=5, first=0, suffix=".png", width=3):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        assert cv2.imwrite(str(folder / f"{i + first:0{width}d}{suffix}"), grey(10 * i))
    return folder


def write_video(path: Path, frames=30, size=(64, 48), colour=True, codec="mp4v"):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, size)
    assert writer.isOpened()
    rng = np.random.default_rng(0)
    base = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    for i in range(frames):
        frame = np.roll(base, i, axis=1) if colour else np.repeat(np.roll(base, i, axis=1)[..., :1], 3, axis=2)
        writer.write(frame)
    writer.release()
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".TIFF"])
@pytest.mark.parametrize("first", [0, 1])
def test_folder_yields_grey_frames_in_order(tmp_path, suffix, first):
    folder = write_folder(tmp_path / "v", 5, first, suffix)
    reader = open_video(folder, expected=5)
    frames = list(reader)
    assert (reader.height, reader.width) == (12, 16)
    assert [f.shape for f in frames] == [(12, 16, 1)] * 5
    assert all(f.dtype == np.uint8 for f in frames)
    assert np.allclose([f.mean() for f in frames], [0, 10, 20, 30, 40], atol=1)
    assert [f.mean() for f in reader] == [f.mean() for f in frames], "a reader can be read again"
    assert frame_count(folder) == 5


def test_numeric_order_without_leading_zeros(tmp_path):
    folder = write_folder(tmp_path / "v", 12, 1, width=1)
    assert [f.stem for f in list_images(folder)] == [str(i) for i in range(1, 13)]


def test_hidden_files_and_other_kinds_are_passed_over(tmp_path):
    folder = write_folder(tmp_path / "v", 3)
    (folder / "._000.png").write_bytes(b"resource fork")
    (folder / "Thumbs.db").write_bytes(b"x")
    assert frame_count(folder) == 3


def test_even_step_is_accepted_and_a_gap_is_not(tmp_path):
    thin = tmp_path / "thin"
    thin.mkdir()
    for i in range(0, 50, 10):
        cv2.imwrite(str(thin / f"{i:04d}.png"), grey(i))
    assert frame_count(thin) == 5
    folder = write_folder(tmp_path / "gap", 6)
    (folder / "003.png").unlink()
    with pytest.raises(VideoError) as error:
        frame_count(folder)
    one_line(error, folder, "002.png")


def test_colour_is_rgb(tmp_path):
    folder = tmp_path / "v"
    folder.mkdir()
    bgr = np.zeros((8, 8, 3), np.uint8)
    bgr[..., 0] = 200  # blue
    cv2.imwrite(str(folder / "0.png"), bgr)
    (frame,) = open_video(folder)
    assert frame.shape == (8, 8, 3)
    assert (frame == [0, 0, 200]).all()


def test_one_coloured_pixel_off_the_grid_is_colour(tmp_path):
    image = np.full((40, 40, 3), 90, np.uint8)
    image[17, 5] = (1, 2, 3)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    assert read_image(tmp_path / "a.png").shape == (40, 40, 3)


@pytest.mark.parametrize("case", ["missing", "empty", "other", "mixed"])
def test_bad_folders(tmp_path, case):
    folder = tmp_path / "v"
    if case != "missing":
        folder.mkdir()
    if case == "other":
        (folder / "a.txt").write_text("x")
    if case == "mixed":
        write_folder(folder, 2)
        write_folder(folder, 2, 2, ".bmp")
    with pytest.raises(VideoError) as error:
        open_video(folder)
    text = one_line(error, folder)
    assert case not in ("empty", "other") or ".tif" in text


def test_size_change_names_the_frame(tmp_path):
    folder = write_folder(tmp_path / "v", 3)
    cv2.imwrite(str(folder / "003.png"), grey(1, 20, 30))
    with pytest.raises(VideoError) as error:
        list(open_video(folder))
    one_line(error, folder, "frame 3 is 30x20")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif"])
@pytest.mark.parametrize("keep", [0, 0.3, 0.9])
def test_image_cut_off_is_refused(tmp_path, suffix, keep):
    path = tmp_path / f"000{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    cv2.imwrite(str(path), noise)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(VideoError) as error:
        read_image(path)
    one_line(error, path)


def test_text_named_jpg_is_refused(tmp_path):
    path = tmp_path / "000.jpg"
    path.write_text("<html>404</html>")
    with pytest.raises(VideoError) as error:
        open_video(tmp_path)
    one_line(error, path)


def test_expected_length(tmp_path):
    folder = write_folder(tmp_path / "v", 5)
    with pytest.raises(VideoError) as error:
        list(open_video(folder, expected=6))
    one_line(error, folder, "5 frames", "6 are expected")


@pytest.mark.parametrize(("codec", "suffix"), [("mp4v", ".mp4"), ("MJPG", ".avi"), ("FFV1", ".mkv")])
def test_video_file(tmp_path, codec, suffix):
    path = write_video(tmp_path / f"v{suffix}", codec=codec)
    assert frame_count(path) == 30
    reader = open_video(path, expected=30)
    frames = list(reader)
    assert len(frames) == 30
    assert (reader.height, reader.width) == (48, 64)
    assert frames[0].shape == (48, 64, 3)


def test_grey_video_of_a_colour_codec_has_one_channel(tmp_path):
    """With a lossless codec: mp4v and MJPG as OpenCV writes them tint grey by 2 or 3 levels, which stays colour."""
    frames = list(open_video(write_video(tmp_path / "v.avi", colour=False, codec="FFV1")))
    assert [f.shape for f in frames] == [(48, 64, 1)] * 30
    base = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    assert all(np.array_equal(f[..., 0], np.roll(base, i, axis=1)[..., 0]) for i, f in enumerate(frames))


def test_video_without_its_index_is_refused(tmp_path):
    path = write_video(tmp_path / "v.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    for call in (open_video, frame_count):
        with pytest.raises(VideoError) as error:
            call(path)
        one_line(error, path)


def test_video_that_stops_early_is_refused(tmp_path, capfd):
    """An AVI keeps its header in front: OpenCV opens the half and reports the full length."""
    path = write_video(tmp_path / "v.avi", codec="MJPG")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(VideoError) as error:
        list(open_video(path))
    one_line(error, path)
    with pytest.raises(VideoError):
        frame_count(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_no_video(tmp_path, content):
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError) as error:
        open_video(path)
    one_line(error, path)


def test_missing_and_unknown_files(tmp_path):
    with pytest.raises(VideoError) as error:
        open_video(tmp_path / "none.mp4")
    one_line(error, tmp_path / "none.mp4")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(VideoError) as error:
        open_video(tmp_path / "notes.txt")
    one_line(error, "notes.txt", ".mp4")


def test_masks_keep_their_numbers(tmp_path):
    mask = np.array([[0, 1], [7, 255]], np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), mask)
    cv2.imwrite(str(tmp_path / "b.png"), np.repeat(mask[..., None], 3, axis=2))
    cv2.imwrite(str(tmp_path / "c.png"), mask.astype(np.uint16) * 200)
    assert read_mask(tmp_path / "a.png").tolist() == mask.tolist()
    assert read_mask(tmp_path / "b.png").tolist() == mask.tolist()
    assert read_mask(tmp_path / "c.png").max() == 51000
    cv2.imwrite(str(tmp_path / "d.png"), np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    with pytest.raises(VideoError) as error:
        read_mask(tmp_path / "d.png")
    one_line(error, tmp_path / "d.png")
