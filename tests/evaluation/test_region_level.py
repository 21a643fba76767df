import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_regions import as_objects, as_regions, naive_regions, random_video

from syrfa.errors import LabelError
from syrfa.evaluation.metrics.region_level import areas, iou, match, region_metrics

BOX, FAR = (10, 10, 29, 29), (60, 60, 79, 79)


def measured(*videos, resamples=0):
    found = region_metrics([match(as_objects(v), as_regions(v)) for v in videos], resamples)
    return found["rbdc"].value, found["tbdc"].value


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([None, 2, 5]), st.sampled_from([3, 30, 200]))
def test_random_cases_equal_the_naive_loop(seed, levels, boxes):
    generator = np.random.default_rng(seed)
    videos = [random_video(generator, boxes=boxes, tracks=1 + k, levels=levels) for k in range(3)]
    assert measured(*videos) == pytest.approx(naive_regions(videos), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([None, 3]))
def test_a_draw_equals_the_naive_loop_on_the_repeated_videos(seed, levels):
    generator = np.random.default_rng(seed)
    videos = [random_video(generator, boxes=20, tracks=2, levels=levels) for _ in range(4)]
    matched = [match(as_objects(v), as_regions(v)) for v in videos]
    drawn = generator.integers(0, 4, (3, 4))
    counts = np.array([np.bincount(row, minlength=4) for row in drawn], np.float64)
    expected = [naive_regions([videos[k] for k in row]) for row in drawn]
    np.testing.assert_allclose(areas(matched, [m.score for m in matched], counts), expected, atol=1e-12)


def test_the_order_of_boxes_and_the_chunks_do_not_matter(monkeypatch):
    frames, boxes, tracks = random_video(np.random.default_rng(1), boxes=100, levels=4)
    expected = measured((frames, boxes, tracks))
    shuffled = [boxes[k] for k in np.random.default_rng(2).permutation(len(boxes))]
    monkeypatch.setattr("syrfa.evaluation.metrics.region_level._PAIRS", 1)
    monkeypatch.setattr("syrfa.evaluation.metrics.region_level._CELLS", 1)
    assert measured((frames, shuffled, tracks)) == pytest.approx(expected, abs=1e-12)


def test_false_positives_before_a_region_cost_a_frame_each():
    # one false positive in 4 frames stands before the only region
    assert measured((4, [(2, *FAR, 0.9), (0, *BOX, 0.5)], [{0: BOX}])) == (0.75, 0.75)
    assert measured((4, [(2, *FAR, 0.3), (0, *BOX, 0.5)], [{0: BOX}])) == (1.0, 1.0)


def test_what_is_found_beyond_one_false_positive_a_frame_does_not_count():
    many = [(0, *FAR, 0.9)] * 2
    assert measured((2, [*many, (0, *BOX, 0.5)], [{0: BOX}])) == (0.0, 0.0)
    assert measured((3, [*many, (0, *BOX, 0.5)], [{0: BOX}])) == pytest.approx((1 / 3, 1 / 3))


def test_tied_boxes_are_admitted_at_once_along_a_straight_line():
    # of one score: from (0, 0) to (0.5, 1), then held
    assert measured((2, [(1, *FAR, 0.5), (0, *BOX, 0.5)], [{0: BOX}])) == (0.75, 0.75)
    # from (0, 0) to (2, 1): half of it is found at one false positive a frame
    assert measured((1, [(0, *FAR, 0.5), (0, *FAR, 0.5), (0, *BOX, 0.5)], [{0: BOX}])) == (0.25, 0.25)


@pytest.mark.parametrize(("regions", "hit", "found"), [(10, 1, True), (11, 1, False), (70, 7, True), (71, 7, False)])
def test_a_track_is_found_at_exactly_a_tenth_of_its_regions(regions, hit, found):
    boxes = [(t, *BOX, 0.9) for t in range(hit)]
    rbdc, tbdc = measured((regions, boxes, [{t: BOX for t in range(regions)}]))
    assert (rbdc, tbdc) == (pytest.approx(hit / regions), float(found))


def test_a_match_is_at_exactly_a_tenth_of_intersection_over_union():
    region = (0, 0, 9, 9)  # 100 pixels
    exact, short = (0, 0, 4, 1), (0, 0, 8, 0)  # 10 and 9 of them
    assert iou(np.array([exact, short], float), np.array([region, region], float)).tolist() == [0.1, 0.09]
    assert measured((1, [(0, *exact, 0.9)], [{0: region}])) == (1.0, 1.0)
    assert measured((1, [(0, *short, 0.9)], [{0: region}])) == (0.0, 0.0)


def test_sides_are_counted_with_both_ends():
    # side by side without a common pixel, and a box of one pixel
    assert iou(np.array([[0, 0, 9, 9]], float), np.array([[10, 0, 19, 9]], float)).tolist() == [0.0]
    assert iou(np.array([[3, 3, 3, 3]], float), np.array([[3, 3, 3, 3]], float)).tolist() == [1.0]


def test_without_a_region_it_is_undefined():
    for videos, reason in (
        ([], "there are no videos"),
        ([(3, [(0, *BOX, 0.5)], [])], "no video has an abnormal region"),
    ):
        for value in region_metrics([match(as_objects(v), as_regions(v)) for v in videos]).values():
            assert value.value is None
            assert reason in value.reason


def test_interval_and_chance():
    generator = np.random.default_rng(0)
    videos = [random_video(generator, boxes=60, tracks=3) for _ in range(8)]
    matched = [match(as_objects(v), as_regions(v)) for v in videos]
    first, second = region_metrics(matched, 300, 1), region_metrics(matched, 300, 2)
    assert first == region_metrics(matched, 300, 1)
    for name, value in first.items():
        assert value.ci_low < value.value < value.ci_high
        assert value.ci_low != second[name].ci_low
        # the scores are random themselves
        assert value.chance == pytest.approx(value.value, abs=0.08)
    naive = []
    for _ in range(300):
        row = generator.integers(0, 8, 8)
        naive.append(naive_regions([videos[k] for k in row])[0])
    ends = np.quantile(naive, [0.025, 0.975])
    np.testing.assert_allclose([first["rbdc"].ci_low, first["rbdc"].ci_high], ends, atol=0.02)


def test_masks_of_another_size_and_regions_beyond_the_end_are_refused():
    video = (2, [(0, *BOX, 0.5)], [{0: BOX}])
    with pytest.raises(LabelError, match="masks are 90x100, the video 100x100"):
        match(as_objects(video), as_regions(video, size=(100, 90)))
    with pytest.raises(LabelError, match="outside frames 0 to 1"):
        match(as_objects(video), as_regions((2, [], [{2: BOX}])))
