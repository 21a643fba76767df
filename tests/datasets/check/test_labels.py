"""Labels against published facts, without files."""

import numpy as np
import pytest

from syrfa.datasets.check_labels import compare_labels, suspect_polarity
from syrfa.datasets.published import SplitFacts, VideoFacts

FACTS = {"01": VideoFacts(10, 4, 3), "02": VideoFacts(12, 5, 0)}
SPLIT = SplitFacts(2, 22, 9, FACTS, {12: "another file"})


def vector(frames, start, end):
    labels = np.zeros(frames, np.uint8)
    labels[start:end] = 1
    return labels


def level_and_text(labels, split=SPLIT):
    (finding,) = compare_labels("test", labels, split, "there")
    return finding.level, finding.what


RIGHT = {"01": vector(10, 3, 7), "02": vector(12, 0, 5)}


def test_the_published_labels():
    assert level_and_text(RIGHT)[0] == "ok"
    assert level_and_text({"02": RIGHT["02"]})[0] == "ok"


def test_inverted_in_one_video_alone_is_not_inverted():
    level, text = level_and_text({**RIGHT, "02": 1 - RIGHT["02"]})
    assert level == "problem"
    assert "other labels" in text
    assert "inverted" in level_and_text({name: 1 - labels for name, labels in RIGHT.items()})[1]


@pytest.mark.parametrize("shift", [-2, 1])
def test_a_shift(shift):
    moved = {"01": vector(10, 3 + shift, 7 + shift), "02": vector(12, max(shift, 0), 5 + shift)}
    level, text = level_and_text(moved)
    assert level == "problem"
    assert f"{abs(shift)} frame(s) too {'late' if shift > 0 else 'early'}" in text


def test_another_annotation_that_is_known():
    labels = {"01": vector(10, 3, 10), "02": RIGHT["02"]}
    assert level_and_text(labels) == (
        "note",
        "the labels are those of another file, another annotation than the released one: numbers of the two differ",
    )
    assert level_and_text(labels, SplitFacts(2, 22, 9, FACTS))[0] == "problem"


def test_nothing_published():
    assert compare_labels("test", {"x": vector(10, 0, 3)}, SPLIT, "there") == []
    (finding,) = suspect_polarity("test", {"x": vector(100, 0, 91)})
    assert finding.level == "note"
    assert suspect_polarity("test", {"x": vector(100, 0, 90)}) == []
    assert suspect_polarity("test", {}) == []
