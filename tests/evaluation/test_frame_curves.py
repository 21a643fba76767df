"""Curves on disk: what an evaluation's metrics saw comes back, with the labels and by video."""

from pathlib import Path

import numpy as np
import pytest

from syrfa.errors import UserError
from syrfa.evaluation import ObjectScores, PaperProtocol, StrictProtocol, box_width
from syrfa.evaluation.evaluate import evaluate, final_scores
from syrfa.evaluation.scores import CURVES, FrameCurves, read_curves


def video(name: str, frames: int, seed: int) -> ObjectScores:
    draw = np.random.default_rng(seed)
    corner = draw.uniform(0, 20, (frames, 2))
    xyxy = np.concatenate([corner, corner + draw.uniform(4, 9, (frames, 2))], axis=1).astype(np.float32)
    return ObjectScores(name, frames, 32, 40, np.arange(frames, dtype=np.int32), xyxy, draw.uniform(size=frames))


def test_what_the_metrics_saw_comes_back(tmp_path: Path) -> None:
    objects = [video("a <b>", 30, 1), video("ü", 50, 2)]
    labels = [np.repeat(np.array([0, 1, 0], np.uint8), length) for length in ((10, 10, 10), (0, 25, 25))]
    curves = FrameCurves([each.name for each in objects], labels)
    protocols = (StrictProtocol(), PaperProtocol())
    for protocol in protocols:
        evaluate(objects, labels, protocol, bootstrap=0, curves=curves)
    curves.write(tmp_path / CURVES)
    found = read_curves(tmp_path / CURVES)
    assert found.names == ["a <b>", "ü"]
    assert [each.tolist() for each in found.labels] == [each.tolist() for each in labels]
    for number, protocol in enumerate(protocols):
        for stored, curve in zip(found.scores[number], final_scores(objects, protocol), strict=True):
            np.testing.assert_array_equal(stored, curve)
        widths = final_scores([box_width(each) for each in objects], protocol)
        for stored, curve in zip(found.box_width[number], widths, strict=True):
            np.testing.assert_array_equal(stored, curve)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / CURVES).write_bytes(damage)
    with pytest.raises(UserError, match=r"curves\.npz: damaged"):
        read_curves(tmp_path / CURVES)
