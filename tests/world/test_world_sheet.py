"""`syrfa generate --contact-sheet`."""

import cv2
import numpy as np
import pytest

from syrfa.__main__ import main
from syrfa.errors import ConfigError
from syrfa.verbs.generate import generate
from syrfa.world import PRESETS
from syrfa.world.sheet import MAX_BYTES, draw_sheet, write_sheet


def test_the_sheet_is_written_and_no_world(tmp_path, monkeypatch, small_source, capsys):
    monkeypatch.setitem(PRESETS, "tiny", small_source)
    path = tmp_path / "sheets" / "sheet.png"
    arguments = ["generate", "--preset", "tiny", "--contact-sheet", str(path), "--out", str(tmp_path / "w")]
    assert main(arguments) == 0
    assert "frames and tubes of 'tiny'" in capsys.readouterr().out
    sheet = cv2.imread(str(path))
    assert sheet.shape[0] > 400
    assert sheet.std() > 20
    assert path.stat().st_size <= MAX_BYTES
    assert not (tmp_path / "w").exists()
    write_sheet(tmp_path / "again.png", draw_sheet(small_source, 0, small_source.grey))
    assert (tmp_path / "again.png").read_bytes() == path.read_bytes()


def test_a_large_sheet_gets_fewer_colours_until_it_is_small(tmp_path, monkeypatch):
    monkeypatch.setattr("syrfa.world.sheet.MAX_BYTES", MAX_BYTES // 4)
    noise = np.random.default_rng(0).integers(100, 140, (350, 350, 3)).astype(np.uint8)
    write_sheet(tmp_path / "s.png", noise)
    read = cv2.imread(str(tmp_path / "s.png"))
    assert (tmp_path / "s.png").stat().st_size <= MAX_BYTES // 4
    assert 8 <= len(np.unique(read.reshape(-1, 3), axis=0)) <= 64
    assert np.abs(read.astype(int) - noise).max() <= 32


def refused(tmp_path, **settings):
    with pytest.raises(ConfigError) as caught:
        generate("tiny", tmp_path / "w", **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bad_paths_are_refused_in_one_line(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    assert "ends in .png" in refused(tmp_path, contact_sheet=tmp_path / "sheet.jpg")
    assert "is a folder" in refused(tmp_path, contact_sheet=tmp_path / "folder.png")
    assert "is a file" in refused(tmp_path, contact_sheet=tmp_path / "file" / "sheet.png")
    assert not (tmp_path / "w").exists()
