"""Downloads over a server that cuts connections."""

import numpy as np
import pytest
from broken_server import serve

from syrfa.datasets.download import DownloadError, ResumingDownloader

CONTENT = np.random.default_rng(0).bytes(3_000_000)
CHUNK = 1 << 16  # whole chunks are kept


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with serve(CONTENT) as state:
        yield state


def download(server, folder, limit=4_000_000):
    ResumingDownloader(folder / "file.part", limit, progress=False)(server.url, folder / "file", None)
    return (folder / "file").read_bytes()


def test_whole_file(server, tmp_path):
    assert download(server, tmp_path) == CONTENT
    assert server.requests == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_cut_connection_is_taken_up_where_it_broke(server, tmp_path):
    server.breaks, server.break_after = 3, 800_000
    assert download(server, tmp_path) == CONTENT
    assert server.requests == [None, *(f"bytes={n * 12 * CHUNK}-" for n in (1, 2, 3))]


def test_another_process_goes_on_with_what_the_first_left(server, tmp_path):
    server.breaks, server.break_after = 1, 500_000
    part = ResumingDownloader(tmp_path / "file.part", 4_000_000, progress=False)
    with pytest.raises(Exception, match="IncompleteRead"):
        part._fetch_rest(server.url)
    assert (tmp_path / "file.part").read_bytes() == CONTENT[: 7 * CHUNK]
    assert download(server, tmp_path) == CONTENT
    assert server.requests == [None, f"bytes={7 * CHUNK}-"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, tmp_path):
    (tmp_path / "file.part").write_bytes(b"old" * 1000)
    (tmp_path / "file.part.validator").write_text('"another"')
    assert download(server, tmp_path) == CONTENT


def test_a_server_without_ranges_is_read_from_the_start(server, tmp_path):
    server.ranges = False
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    assert download(server, tmp_path) == CONTENT


def test_everything_had_come_already(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert download(server, tmp_path) == CONTENT
    assert server.requests == ["bytes=3000000-"]


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT + b"x")
    assert download(server, tmp_path) == CONTENT


def test_a_server_that_gives_nothing_is_given_up_and_the_part_is_kept(server, tmp_path):
    server.breaks, server.break_after = 100, 0
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    with pytest.raises(DownloadError, match="1,000 bytes have come and are kept"):
        download(server, tmp_path)
    assert len(server.requests) == 5
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:1000]


def test_no_such_file(server, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match="404"):
        download(server, tmp_path)


def test_more_than_the_file_could_be(server, tmp_path):
    with pytest.raises(DownloadError, match="more than 2,000,000 bytes"):
        download(server, tmp_path, limit=2_000_000)


def test_nobody_there(tmp_path):
    with serve(b"") as server:
        pass
    with pytest.raises(DownloadError, match="0 bytes have come"):
        download(server, tmp_path)
