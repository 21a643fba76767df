"""Downloads over a server that cuts connections; archives that would write elsewhere, hold links or are damaged."""

import hashlib
import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest
from broken_server import serve

from syrfa.datasets.fetch import ArchiveError, DownloadError, fetch, unpack
from syrfa.datasets.published import Archive

CHUNK = 1 << 16  # whole chunks are kept


def make_tar(path, *members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            info.linkname = content.decode() if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            tar.addfile(info, io.BytesIO(content))
    return path


def make_zip(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in members:
            content.writestr(name, data)
    return path


def refused(archive, tmp_path, match, limit=1 << 20):
    """The archive is refused, and nothing of it is anywhere."""
    out = tmp_path / "deep" / "out"
    before = {path for path in tmp_path.rglob("*")} | {tmp_path / "deep", out}
    with pytest.raises(ArchiveError, match=match):
        unpack(archive, out, limit)
    assert {path for path in tmp_path.rglob("*")} <= before


FILE = tarfile.REGTYPE


def test_what_is_in_comes_out(tmp_path):
    tar = make_tar(tmp_path / "a.tar.gz", ("set/Train/001.tif", b"one", FILE), ("set/README", b"two", FILE))
    assert unpack(tar, tmp_path / "tar") == [tmp_path / "tar" / "set"]
    assert (tmp_path / "tar" / "set" / "Train" / "001.tif").read_bytes() == b"one"
    packed = make_zip(
        tmp_path / "a.zip", ("Avenue Dataset/testing_videos/01.avi", b"avi"), ("Avenue Dataset/empty/", b"")
    )
    assert unpack(packed, tmp_path / "zip") == [tmp_path / "zip" / "Avenue Dataset"]
    assert (tmp_path / "zip" / "Avenue Dataset" / "testing_videos" / "01.avi").read_bytes() == b"avi"
    assert (tmp_path / "zip" / "Avenue Dataset" / "empty").is_dir()
    assert [path.name for path in (tmp_path / "zip").iterdir()] == ["Avenue Dataset"]


NAMES = ["../../escaped", "/escaped", "set/../../../escaped", "..\\escaped", "C:/escaped"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_an_archive_that_would_write_elsewhere(tmp_path, make, name):
    kind = (FILE,) if make is make_tar else ()
    archive = make(tmp_path / "archive", ("set/a", b"a", *kind), (name, b"x", *kind))
    refused(archive, tmp_path, "outside the folder")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_tar_with_a_link_or_a_device(tmp_path, kind):
    refused(make_tar(tmp_path / "a.tar.gz", ("set/a", b"a", FILE), ("set/l", b"a", kind)), tmp_path, "link or a device")


def test_a_zip_with_a_link(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as content:
        link = zipfile.ZipInfo("set/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        content.writestr(link, "/etc/passwd")
    refused(tmp_path / "a.zip", tmp_path, "link or a device")


def test_bombs(tmp_path):
    zeros = bytes(2 << 20)
    refused(
        make_tar(tmp_path / "a.tar.gz", ("set/zeros", zeros, FILE)), tmp_path, "unpacks to more than 1,048,576 bytes"
    )
    many = [(f"set/{i}", bytes(300_000)) for i in range(4)]
    refused(make_zip(tmp_path / "a.zip", *many), tmp_path, "unpacks to more than")


def test_a_zip_that_lies_about_its_size(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("set/zeros", bytes(2 << 20)))
    true, said = (2 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    data = archive.read_bytes()
    assert data.count(true) == 2
    archive.write_bytes(data.replace(true, said))
    refused(archive, tmp_path, "damaged|more than")


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_a_damaged_archive(tmp_path, make):
    content = bytes(range(256)) * 400
    member = ("set/a", content, FILE) if make is make_tar else ("set/a", content)
    archive = make(tmp_path / "archive", member)
    for damaged in (archive.read_bytes()[:-200], b"<html>Sign in</html>"):
        archive.write_bytes(damaged)
        refused(archive, tmp_path, "damaged, or no archive")


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "out" / "set").mkdir(parents=True)
    (tmp_path / "out" / "set" / "mine").write_text("mine")
    with pytest.raises(ArchiveError, match="is there already"):
        unpack(make_zip(tmp_path / "a.zip", ("set/a", b"a")), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["set", "mine"]


def test_two_members_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as content:
        content.writestr("set", b"a file")
        content.writestr("set/a", b"in it")
    refused(tmp_path / "a.zip", tmp_path, "damaged, or no archive")


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_any_flipped_byte_ends_in_the_same_files_or_a_refusal(tmp_path, make):
    content = np.random.default_rng(0).bytes(300)
    member = ("set/a", content, FILE) if make is make_tar else ("set/a", content)
    whole = make(tmp_path / "whole", member).read_bytes()
    refusals = []
    for place in range(len(whole)):
        damaged = tmp_path / "damaged"
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        out = tmp_path / "box" / str(place)
        known = len(refusals)
        try:
            unpack(damaged, out, 1 << 20)
        except ArchiveError as error:
            refusals.append(str(error))
        assert any(out.iterdir()) != (len(refusals) > known)
        files = [path for path in out.rglob("*") if path.is_file()]
        assert all(path.read_bytes() == content for path in files)
    assert len(refusals) > 100
    assert not any("\n" in text for text in refusals)
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "damaged", "box"}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    file = tmp_path_factory.mktemp("archive") / "a.tar"
    return make_tar(file, ("set/a", np.random.default_rng(0).bytes(3_000_000), FILE), mode="w").read_bytes()


@pytest.fixture
def server(content, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(content) as state:
        yield state


def fetched(server, out, content, size=4_000_000):
    out.mkdir(exist_ok=True)
    archive = Archive(server.url, "a.tar", size, hashlib.sha256(content).hexdigest(), "set")
    assert fetch(archive, out)["sha256"] == archive.sha256
    assert (out / "a.tar").read_bytes() == content
    assert not (out / ".a.tar.part").exists()


def test_a_cut_connection_is_taken_up_where_it_broke(server, content, tmp_path):
    server.breaks, server.break_after = 3, 800_000
    fetched(server, tmp_path, content)
    assert server.requests == [None, *(f"bytes={n * 12 * CHUNK}-" for n in (1, 2, 3))]
    fetched(server, tmp_path, content)
    assert len(server.requests) == 4


@pytest.mark.parametrize("left", ["begun", "all of it", "longer"])
@pytest.mark.parametrize("ranges", [True, False])
def test_what_another_process_left_is_gone_on_with(server, content, tmp_path, left, ranges):
    server.ranges = ranges
    part = {"begun": content[:1000], "all of it": content, "longer": content + b"x"}[left]
    (tmp_path / ".a.tar.part").write_bytes(part)
    fetched(server, tmp_path, content)
    assert server.requests[0] == f"bytes={len(part)}-"


def test_a_part_of_another_file_is_refused_and_gone(server, content, tmp_path):
    (tmp_path / ".a.tar.part").write_bytes(b"old" * 1000)
    with pytest.raises(DownloadError, match="another SHA-256"):
        fetched(server, tmp_path, content)
    fetched(server, tmp_path, content)


def test_a_server_that_gives_nothing_is_given_up_and_the_part_is_kept(server, content, tmp_path):
    server.breaks, server.break_after = 100, 0
    (tmp_path / ".a.tar.part").write_bytes(content[:1000])
    with pytest.raises(DownloadError, match="1,000 bytes have come and are kept"):
        fetched(server, tmp_path, content)
    assert len(server.requests) == 5
    assert (tmp_path / ".a.tar.part").read_bytes() == content[:1000]


def test_no_such_file_one_too_large_and_nobody_there(server, content, tmp_path):
    with pytest.raises(DownloadError, match="more than 2,200,000 bytes"):
        fetched(server, tmp_path, content, size=2_000_000)
    server.status = 404
    with pytest.raises(DownloadError, match="404"):
        fetched(server, tmp_path, content)
    server.url = "http://127.0.0.1:9/archive"
    with pytest.raises(DownloadError, match="bytes have come"):
        fetched(server, tmp_path, content)
