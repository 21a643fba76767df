"""`syrfa data check`: the table first, then the exit code."""

import json

import pytest
from small_releases import write_script, write_shanghaitech

from syrfa.__main__ import main


def test_usable_copy(tmp_path, capsys):
    root, out = write_shanghaitech(tmp_path / "copy"), tmp_path / "found.json"
    assert main(["data", "check", "shanghaitech", str(root), "--fast", "true", "--json", str(out)]) == 0
    text = capsys.readouterr().out
    assert "ShanghaiTech Campus in" in text
    assert "cite: Luo, Liu, Gao" in text
    content = json.loads(out.read_text())
    assert content["usable"] is True
    assert content["splits"]["test"]["videos"] == 2
    assert content["splits"]["test"]["published"]["videos"] == 107
    assert {finding["level"] for finding in content["findings"]} == {"note", "ok"}


def test_a_fault_is_printed_after_the_table(tmp_path, capsys):
    root, out = write_shanghaitech(tmp_path / "copy"), tmp_path / "found.json"
    (root / "testing" / "test_frame_mask" / "01_0063.npy").write_bytes(b"damaged")
    assert main(["data", "check", "shanghaitech", str(root), "--fast", "true", "--json", str(out)]) == 2
    captured = capsys.readouterr()
    assert "problem  test 01_0063" in captured.out
    assert captured.err.startswith("syrfa data: error: ")
    assert captured.err.count("\n") == 1
    assert json.loads(out.read_text())["usable"] is False


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["ped3", "."], "ped3"),
        (["ped2"], "path"),
        (["ped2", "nowhere"], "nowhere"),
        (["ped2", ".", "--workers", "0"], "workers 0"),
    ],
)
def test_mistakes(arguments, part, capsys):
    assert main(["data", "check", *arguments]) == 2
    assert part in capsys.readouterr().err


@pytest.mark.real_data
def test_real_ped2_is_sound(shared_data, tmp_path, capsys):
    assert main(["data", "check", "ped2", str(shared_data / "ped2"), "--fast", "true"]) == 0
    assert "1,648 of 2,010 frames abnormal" in capsys.readouterr().out
    for name in ("training", "testing"):
        (tmp_path / name).symlink_to(shared_data / "ped2" / name)
    write_script(tmp_path, shift=1)
    assert main(["data", "check", "ped2", str(tmp_path), "--fast", "true"]) == 2
    assert "shifted" in capsys.readouterr().out
