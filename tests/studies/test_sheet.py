"""The contact sheet of the generator: small, repeatable, and refused in a line where it cannot be written."""

import cv2
import numpy as np

from experiments.studies.sheet.__main__ import sheet
from experiments.studies.sheet.sheet import MAX_BYTES, write_sheet


def test_the_sheet_is_written(tmp_path):
    paths = [tmp_path / "sheets" / "sheet.png", tmp_path / "again.png"]
    for path in paths:
        sheet("tiny", out=path)
    image = cv2.imread(str(paths[0]))
    assert image.shape[0] > 400
    assert image.std() > 20
    assert paths[0].stat().st_size <= MAX_BYTES
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_large_sheet_gets_fewer_colours_until_it_is_small(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.studies.sheet.sheet.MAX_BYTES", MAX_BYTES // 4)
    noise = np.random.default_rng(0).integers(100, 140, (350, 350, 3)).astype(np.uint8)
    write_sheet(tmp_path / "s.png", noise)
    read = cv2.imread(str(tmp_path / "s.png"))
    assert (tmp_path / "s.png").stat().st_size <= MAX_BYTES // 4
    assert 8 <= len(np.unique(read.reshape(-1, 3), axis=0)) <= 64
    assert np.abs(read.astype(int) - noise).max() <= 32
