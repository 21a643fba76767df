import os

import numpy as np
import pytest
from matplotlib.image import imread

from syrfa.evaluation.pictures import ScoreCurve, bands, plot_anomaly_map, plot_score_curves

RED_BAND = (249, 220, 220)  # 16 % of the red over white


def curves(count: int = 3, frames: int = 50) -> list[ScoreCurve]:
    labels = np.zeros(frames, int)
    labels[20:35] = 1
    return [
        ScoreCurve(f"Test{k:03d}", np.linspace(0, 1, frames) ** k, labels, np.linspace(0, 1, frames))
        for k in range(1, count + 1)
    ]


def share(path, colour, tolerance: int = 6) -> float:
    pixels = (imread(path)[..., :3] * 255).round()
    return float((np.abs(pixels - np.array(colour)).max(axis=-1) <= tolerance).mean())


def test_abnormal_frames_are_on_red(tmp_path):
    plot_score_curves(tmp_path / "with.png", curves(), "strict")
    plot_score_curves(
        tmp_path / "without.png", [c._replace(labels=np.zeros(len(c.scores))) for c in curves()], "strict"
    )
    assert share(tmp_path / "with.png", RED_BAND) > 0.05
    assert share(tmp_path / "without.png", RED_BAND) < 0.01  # the legend's patch


def test_a_long_caption_is_drawn_and_stays_within_the_picture(tmp_path):
    black = {}
    for name, caption in (("plain", ""), ("long", "the scores of each test video were scaled; " * 14)):
        plot_score_curves(tmp_path / f"{name}.png", curves(), title="strict, oracle", caption=caption)
        pixels = imread(tmp_path / f"{name}.png")[..., :3].max(axis=-1)
        black[name] = (pixels < 0.4).sum()
        assert (pixels[:, [0, 1, 2, -3, -2, -1]] > 0.9).all()
    assert black["long"] > 1.5 * black["plain"]


@pytest.mark.parametrize("count", [1, 12])
def test_pictures_grow_with_the_videos_and_leave_no_temporary_file(tmp_path, count):
    plot_score_curves(tmp_path / "a" / "curves.png", curves(count), "strict")
    height, width = imread(tmp_path / "a" / "curves.png").shape[:2]
    assert width == (1200 if count == 1 else 1800)
    assert height > 300
    assert os.listdir(tmp_path / "a") == ["curves.png"]  # noqa: PTH208 - hidden files count too


def test_bands():
    assert bands(np.array([1, 1, 0, 1])) == [(0, 2), (3, 4)]
    assert bands(np.zeros(4)) == []
    assert bands(np.zeros(0)) == []


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_overlay_of_grey_and_colour_frames(tmp_path, street, channels):
    frame = np.full((60, 90, *channels), 120, np.uint8)
    mask = np.zeros((60, 90), bool)
    mask[22:48, 62:90] = True
    plot_anomaly_map(tmp_path / "map.png", frame, street, 4, mask)
    assert share(tmp_path / "map.png", (46, 230, 166)) > 0.002  # the outline
    plot_anomaly_map(tmp_path / "bare.png", frame, street, 4)
    assert share(tmp_path / "bare.png", (46, 230, 166)) == 0.0


def test_a_frame_without_objects_stays_as_it_is(tmp_path, street):
    plot_anomaly_map(tmp_path / "map.png", np.full((60, 90), 120, np.uint8), street, 0)
    assert share(tmp_path / "map.png", (120, 120, 120), 1) > 0.5


def test_overlay_refuses_another_size(tmp_path, street):
    with pytest.raises(ValueError, match="Test001"):
        plot_anomaly_map(tmp_path / "x.png", np.zeros((60, 91), np.uint8), street, 4)
    with pytest.raises(IndexError, match="frames 0 to 9"):
        plot_anomaly_map(tmp_path / "x.png", np.zeros((60, 90), np.uint8), street, 10)


def test_the_same_picture_has_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        plot_score_curves(tmp_path / name, curves(), "strict")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
