"""Every constant of the paper protocol, drawn, against plain loops written from docs/evaluation.md alone."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.datasets.protocol_constants import PUBLISHED_CONSTANTS, ConstantsOptions, ProtocolConstants
from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores, PaperProtocol
from syrfa.evaluation.paper_protocol import normality_maps

Thing = tuple[int, tuple[float, float, float, float], float]

# quarters of a pixel and whole tens: exact halves of a 20 px block are common, where rounding could differ
side = st.one_of(st.integers(-60, 320).map(lambda n: n / 4), st.integers(-1, 8).map(lambda n: n * 10.0))
box = st.tuples(side, side, side, side).map(
    lambda s: (min(s[0], s[1]), min(s[2], s[3]), max(s[0], s[1]), max(s[2], s[3]))
)
score = st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.9, 1.0, 1.5, -0.75])


@st.composite
def videos(draw, most_frames: int = 60) -> tuple[int, int, int, list[Thing]]:
    frames, height, width = draw(st.integers(1, most_frames)), draw(st.integers(5, 70)), draw(st.integers(5, 70))
    things = draw(st.lists(st.tuples(st.integers(0, frames - 1), box, score), max_size=12))
    return frames, height, width, things


def objects_of(frames: int, height: int, width: int, things: list[Thing]) -> ObjectScores:
    at, score = np.array([t for t, _, _ in things], np.int32), np.array([s for _, _, s in things], np.float64)
    xyxy = np.array([b for _, b, _ in things], np.float32).reshape(-1, 4)
    return ObjectScores("v", frames, height, width, at, xyxy, score)


def half_even(value: float) -> int:
    below = math.floor(value)
    if value - below == 0.5:
        return below if below % 2 == 0 else below + 1
    return math.floor(value + 0.5)


def spread(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(v - low) / (high - low) if high > low else 1.0 for v in values]


def naive_map(frames: int, height: int, width: int, things: list[Thing], block: int, size: int) -> list[float]:
    rows, columns, half = max(1, half_even(height / block)), max(1, half_even(width / block)), size // 2
    normal = [1 - s for _, _, s in things]
    low, high = min([1.0, *normal]), max([0.0, *normal])
    if not things or low == high:
        return [1.0] * frames
    cells = {}
    for (t, (x1, y1, x2, y2), _), n in zip(things, normal, strict=True):
        left, right = (min(max(half_even(x / block), 0), columns - 1) for x in (x1, x2))
        top, bottom = (min(max(half_even(y / block), 0), rows - 1) for y in (y1, y2))
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                cells[t, row, column] = min(cells.get((t, row, column), 1.0), n)
    scaled = {where: (n - low) / (high - low) for where, n in cells.items()}
    empty = (1.0 - low) / (high - low)
    around = range(-half, half + 1)

    def value(t: int, row: int, column: int) -> float:
        inside = 0 <= t < frames and 0 <= row < rows and 0 <= column < columns
        return scaled.get((t, row, column), empty) if inside else 1.0

    plane = {}  # sums over space first, or a loop over five axes would take minutes
    for t in range(-half, frames + half):
        for row in range(rows):
            for column in range(columns):
                plane[t, row, column] = math.fsum(value(t, row + i, column + j) for i in around for j in around)
    lowest = [
        min(
            math.fsum(plane[t + k, row, column] for k in around) / size**3
            for row in range(rows)
            for column in range(columns)
        )
        for t in range(frames)
    ]
    return spread(lowest)


def naive_no_map(frames: int, things: list[Thing]) -> list[float]:
    normal = [min((1 - s for at, _, s in things if at == t), default=1.0) for t in range(frames)]
    seen = [n for n in normal if n != 1.0]
    scaled = iter(spread(seen) if seen else [])
    return [1.0 if n == 1.0 else next(scaled) for n in normal]


def naive(
    video: tuple[int, int, int, list[Thing]], radius: int, c: ProtocolConstants
) -> tuple[list[float], list[float]]:
    frames, height, width, things = video
    things = [thing for thing in things if radius <= thing[0] < frames - radius]
    cut = c.edges == "replicate"
    if cut and frames <= 2 * radius:
        raw = [0.0] * frames
    else:
        length = frames - 2 * radius if cut else frames
        moved = [(t - radius if cut else t, b, s) for t, b, s in things]
        if c.block:
            normal = naive_map(length, height, width, moved, c.block, c.filter_size)
        else:
            normal = naive_no_map(length, moved)
        h = c.mean_window // 2
        inner = range(h, length - h) if length >= c.mean_window else range(0)
        mean = [
            math.fsum(normal[t - h : t + h + 1]) / c.mean_window if t in inner else normal[t] for t in range(length)
        ]
        raw = [1 - n for n in mean]
        if cut:
            raw = [raw[0]] * radius + raw + [raw[-1]] * radius
    h = c.taps // 2
    before = [raw[k % frames] if c.ends == "copy" else raw[0] for k in range(h)]
    behind = [raw[-1 - k % frames] if c.ends == "copy" else raw[-1] for k in range(h)][::-1]
    weights = [
        math.exp(-(((k - c.centre) / c.sigma) ** 2) / 2) / (c.sigma * math.sqrt(2 * math.pi))
        for k in range(1, c.taps + 1)
    ]
    long = before + raw + behind
    return raw, [math.fsum(w * long[t + k] for k, w in enumerate(weights)) for t in range(frames)]


def compare(video: tuple[int, int, int, list[Thing]], radius: int, protocol: PaperProtocol) -> None:
    found = protocol.frame_scores(objects_of(*video))
    raw, final = naive(video, radius, protocol.constants)
    np.testing.assert_allclose(found.raw, raw, atol=1e-9)
    np.testing.assert_allclose(found.final, final, atol=1e-9)


@pytest.mark.parametrize("constants", ["shanghaitech", "avenue"])
@settings(max_examples=40, deadline=None)
@given(videos(), st.integers(0, 4))
def test_shanghaitech_and_avenue(constants, video, radius):
    compare(video, radius, PaperProtocol(constants, radius))


@settings(max_examples=8, deadline=None)
@given(videos(most_frames=12), st.integers(0, 3))
def test_ped2(video, radius):
    frames, height, width, things = video
    compare((frames, min(height, 24), min(width, 24), things), radius, PaperProtocol("ped2", radius))


drawn = st.builds(
    ProtocolConstants,
    block=st.sampled_from([7, 10, 20]),
    filter_size=st.sampled_from([1, 3, 5, 7]),
    mean_window=st.sampled_from([1, 5, 43]),
    taps=st.just(9),
    sigma=st.floats(0.5, 40),
    centre=st.integers(1, 9),
    edges=st.sampled_from(["most normal", "replicate"]),
    ends=st.sampled_from(["copy", "replicate"]),
)


@settings(max_examples=60, deadline=None)
@given(videos(), st.integers(0, 3), drawn, st.booleans())
def test_any_other_constants(video, radius, constants, mapped):
    changed = asdict(constants) if mapped else {**asdict(constants), "block": 0, "filter_size": 1}
    protocol = PaperProtocol("avenue", radius, ConstantsOptions(**changed))
    assert asdict(protocol.constants) == changed
    compare(video, radius, protocol)


def test_the_published_constants_are_those_of_the_published_script():
    assert asdict(PUBLISHED_CONSTANTS["ped2"]) == {
        "block": 1,
        "filter_size": 5,
        "mean_window": 1,
        "taps": 49,
        "sigma": 20.0,
        "centre": 24,
        "edges": "most normal",
        "ends": "copy",
    }
    ours = {name: asdict(constants) for name, constants in PUBLISHED_CONSTANTS.items()}
    assert ours["avenue"] == {**ours["ped2"], "block": 20}
    assert ours["shanghaitech"] == {**ours["ped2"], "block": 0, "filter_size": 1, "mean_window": 43}


def test_every_constant_is_described():
    for name, constants in PUBLISHED_CONSTANTS.items():
        said = PaperProtocol(name).describe()
        assert said["as_published"] is True
        assert {name: said[name] for name in asdict(constants)} == asdict(constants)
    changed = PaperProtocol("ped2", 3, ConstantsOptions(sigma=10.0)).describe()
    assert (changed["as_published"], changed["sigma"], changed["test_statistics"]) == (False, 10.0, True)
    assert PaperProtocol("ped2", 3, ConstantsOptions(sigma=20.0)).describe()["as_published"] is True
    json.dumps(changed)


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("ped2", {"filter_size": 4}, r"constants.filter_size=4: give an odd number"),
        ("ped2", {"taps": 3}, r"constants.centre=24: give a tap from 1 to 3"),
        ("ped2", {"block": -1}, r"constants.block=-1"),
        ("ped2", {"block": 0}, r"constants.filter_size=5: without a map"),
        ("shanghaitech", {"filter_size": 5}, r"constants.filter_size=5: without a map"),
        ("ped2", {"sigma": 0.0}, r"constants.sigma=0.0"),
        ("avenue", {"centre": 0}, r"constants.centre=0"),
        ("avenue", {"ends": "mirror"}, r"constants.ends=mirror: use one of copy, replicate"),
    ],
)
def test_constants_that_make_no_sense_are_named(name, changed, message):
    with pytest.raises(ConfigError, match=message):
        PaperProtocol(name, 3, ConstantsOptions(**changed))


@pytest.mark.parametrize("name", PUBLISHED_CONSTANTS)
def test_a_video_without_spread_is_most_normal(name):
    empty, flat = (objects_of(30, 40, 40, [(t, (3.0, 3.0, 9.0, 9.0), 0.5) for t in times]) for times in ((), range(30)))
    np.testing.assert_array_equal(PaperProtocol(name).frame_scores(empty).final, np.zeros(30))
    np.testing.assert_array_equal(PaperProtocol(name, 0).frame_scores(flat).raw, np.zeros(30))


def test_boxes_over_the_border_do_not_wrap_around():
    (picture,) = normality_maps(objects_of(1, 6, 6, [(0, (-3.0, -3.0, 0.6, 0.6), 1.0)]), 1)
    assert sorted(zip(*np.nonzero(picture == 0), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_unknown_constants():
    with pytest.raises(ConfigError, match=r"ped1.*shanghaitech"):
        PaperProtocol("ped1")
