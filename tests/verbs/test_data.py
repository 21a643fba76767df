"""`syrfa data`: the list, the instructions, and fetching over a loopback server."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace

import pytest
from broken_server import serve
from small_run import ROOT

from syrfa.__main__ import main
from syrfa.datasets.published import PUBLISHED, Archive


def archive(content=b"image"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        info = tarfile.TarInfo("UCSD_Anomaly_Dataset.v1p2/UCSDped2/Train/Train001/001.tif")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def server(monkeypatch):
    """Ped2 published at a loopback address, with the sum of what is served."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    content = archive()
    with serve(content) as state:
        small = Archive(
            state.url, "ucsd.tar.gz", len(content), hashlib.sha256(content).hexdigest(), "UCSD_Anomaly_Dataset.v1p2"
        )
        monkeypatch.setitem(PUBLISHED, "ped2", replace(PUBLISHED["ped2"], archives=(small,)))
        yield state


def fetch(out, *options):
    return main(["data", "fetch", "ped2", "--out", str(out), *options])


def record(out):
    return dict(json.loads((out / "fetched.json").read_text())["archives"]["ucsd.tar.gz"])


def test_fetched_verified_recorded_and_unpacked_once(server, tmp_path, capsys):
    server.breaks, server.break_after = 1, 100
    assert fetch(tmp_path) == 0
    assert len(server.requests) == 2
    folder = tmp_path / "UCSD_Anomaly_Dataset.v1p2"
    assert (folder / "UCSDped2" / "Train" / "Train001" / "001.tif").read_bytes() == b"image"
    assert record(tmp_path)["checked_against"] == "the published sum"
    text = capsys.readouterr().out
    assert str(record(tmp_path)["sha256"]) in text
    assert f"next: syrfa data check ped2 {folder}" in text
    assert fetch(tmp_path) == 0
    assert len(server.requests) == 2


def test_another_file_than_the_published_one(server, tmp_path, capsys):
    server.content = archive(b"other")
    assert fetch(tmp_path) == 2
    assert "another SHA-256" in capsys.readouterr().err
    assert not any(path.suffix in (".gz", ".part") or path.is_dir() for path in tmp_path.iterdir())


def test_trust_on_first_use_holds_later_runs_to_it(server, tmp_path, capsys):
    server.content = archive(b"new release")
    assert fetch(tmp_path, "--sha256", "first-use") == 0
    assert record(tmp_path)["checked_against"] == "nothing: taken as it came"
    for path in (tmp_path / "UCSD_Anomaly_Dataset.v1p2", tmp_path / "ucsd.tar.gz"):
        path.rename(path.with_name(f"old-{path.name}"))
    server.content, server.tag = archive(b"tampered with"), '"two"'
    for options in ((), ("--sha256", "first-use")):
        assert fetch(tmp_path, *options) == 2
        assert "another SHA-256" in capsys.readouterr().err


def test_a_sum_of_ones_own(server, tmp_path, capsys):
    server.content = archive(b"mirror")
    assert fetch(tmp_path, "--sha256", hashlib.sha256(server.content).hexdigest()) == 0
    assert record(tmp_path)["checked_against"] == "the sum that was given"
    assert fetch(tmp_path, "--sha256", "12ab") == 2
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_a_folder_that_did_not_come_from_here(server, tmp_path, capsys):
    (tmp_path / "UCSD_Anomaly_Dataset.v1p2").mkdir()
    assert fetch(tmp_path) == 2
    assert "is there already" in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1, "archives": {"ucsd.tar.gz": {"sha256": "x"}}}'])
def test_a_damaged_record(server, tmp_path, capsys, text):
    (tmp_path / "fetched.json").write_text(text)
    assert fetch(tmp_path) == 2
    assert "fetched.json" in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.parametrize("key", ["shanghaitech", "ubnormal"])
def test_instructions_where_no_script_may_fetch(key, tmp_path, capsys):
    assert main(["data", "fetch", key, "--out", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert PUBLISHED[key].page in captured.out
    assert PUBLISHED[key].terms in captured.out
    assert "<root>/" in captured.out
    assert f"syrfa data check {key}" in captured.out
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_mistakes(capsys):
    for arguments, part in ((["fetch"], "fetch one of"), (["fetch", "ped3"], "ped3"), (["drop"], "drop")):
        assert main(["data", *arguments]) == 2
        assert part in capsys.readouterr().err


def test_every_data_set_is_listed_and_the_page_of_the_docs_has_the_list(capsys):
    assert main(["data", "list", "--markdown", "true"]) == 0
    table = capsys.readouterr().out
    for key, published in PUBLISHED.items():
        assert f"| {key} | {published.title} |" in table
    assert table in (ROOT / "docs" / "data.md").read_text()
