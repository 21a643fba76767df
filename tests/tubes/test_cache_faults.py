"""Damage, refusals of the system and killed workers: the same bytes in the end, or one line that says what is wrong."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.errors import CacheError
from syrfa.tubes import TubeCache, TubeSpec, build_cache
from syrfa.utils.files import unsealed

REPLACE = Path.replace


@pytest.fixture(scope="module")
def source(tmp_path_factory, tools):
    fake = tools.dataset(tmp_path_factory.mktemp("raw"))
    for number in range(3):
        tools.write_video(fake.root / "test" / f"v{number}", 12 + number, seed=number)
    return fake


@pytest.fixture
def build(source, tools, tmp_path):
    """Builds, or goes on building, the cache at a place."""

    def run(root=tmp_path / "cache"):
        return build_cache(source, "test", tools.detector(), TubeSpec(size=16), root, workers=1, progress=False).folder

    return run


@pytest.fixture(scope="module")
def whole(source, tools, tmp_path_factory):
    """An undisturbed build."""
    root = tmp_path_factory.mktemp("whole")
    return build_cache(source, "test", tools.detector(), TubeSpec(size=16), root, workers=1, progress=False).folder


def refused(action, *words):
    with pytest.raises(CacheError) as error:
        action()
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in words), text


def flipped(content, position, change):
    at = position % len(content)
    return content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 10**6), change=st.integers(1, 255))
@pytest.mark.parametrize("name", ["manifest.json", "index.npz"])
def test_any_flipped_byte_of_manifest_and_index_is_noticed_on_opening(whole, name, position, change):
    content = (whole / name).read_bytes()
    try:
        (whole / name).write_bytes(flipped(content, position, change))
        try:
            opened = TubeCache.open(whole)
        except CacheError:
            pass
        else:  # a blank that became another blank
            assert opened.manifest == unsealed(json.loads(content))
    finally:
        (whole / name).write_bytes(content)


@pytest.mark.parametrize("position", [0, 7, 9, 60, 127])
def test_flipped_byte_of_a_header_is_noticed_on_opening(build, position):
    folder = build()
    content = (folder / "v1.npy").read_bytes()
    (folder / "v1.npy").write_bytes(flipped(content, position, 2))
    refused(lambda: TubeCache.open(folder), "header of v1.npy", "delete the folder")


def test_a_shard_that_vanishes_after_opening(build):
    folder = build()
    cache = TubeCache.open(folder)
    (folder / "v1.npy").unlink()
    refused(lambda: cache.read(np.flatnonzero(cache.index.video == 1)), "v1.npy can no longer be read")


DAMAGES = {
    "flipped": lambda content: flipped(content, len(content) // 2, 1),
    "cut": lambda content: content[: len(content) * 2 // 3],
    "empty": lambda content: b"",
    "gone": None,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["parts/v1.json", "parts/v1.npz", "v1.npy"])
def test_damaged_parts_of_an_unfinished_build_are_done_again(build, whole, tools, name, damage):
    folder = build()
    (folder / "manifest.json").unlink()
    if DAMAGES[damage] is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(DAMAGES[damage]((folder / name).read_bytes()))
    build()
    if (name, damage) == ("v1.npy", "flipped"):  # pixels are not read again, so this is for `prepare --verify true`
        refused(lambda: TubeCache.open(folder, verify=True), "v1.npy has changed")
    else:
        assert tools.digests(folder) == tools.digests(whole)


def test_an_older_schema_stays_where_it_is(build, tools, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("syrfa.tubes.cache.SCHEMA", 1)
        patch.setattr("syrfa.tubes.build.SCHEMA", 1)
        old = build()
    before = tools.digests(old)
    refused(
        lambda: TubeCache.open(old),
        "its schema is 1",
        "builds another next to it",
        "delete the folder where prepare stops at it",
    )
    new = build()
    assert new.parent == old.parent
    assert new != old
    assert tools.digests(old) == before
    TubeCache.open(new, verify=True)


@pytest.mark.parametrize("finished", [True, False])
def test_read_only_disk(build, whole, monkeypatch, finished, tools):
    folder = build()
    if not finished:
        (folder / "manifest.json").unlink()
        (folder / ".left.npy.00.tmp").write_bytes(b"of a dead writer")
    before = tools.digests(folder)

    def read_only(*arguments, **named):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(arguments[0]))

    system_open = os.open
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", lambda path, flags, *more: read_only(path) if flags & 3 else system_open(path, flags))
        for name in ("unlink", "mkdir"):
            patch.setattr(Path, name, read_only)
        if finished:
            assert build() == folder
        else:
            refused(build, "cannot be written (Read-only file system)")
    assert tools.digests(folder) == before


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ESTALE, errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after success"])
def test_failing_renames(build, whole, tools, monkeypatch, tmp_path, number, after):
    for fatal in ("v0.npy", "v1.npz", "v1.json", "index.npz", "manifest.json"):

        def fail(path, target, fatal=fatal):
            if target.name != fatal:
                return REPLACE(path, target)
            if after:
                REPLACE(path, target)
            raise OSError(number, os.strerror(number), str(path))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", fail)
            refused(build, f"{fatal}: cannot be written ({os.strerror(number)})")
        assert not list((tmp_path / "cache").rglob(".*.tmp"))
    assert tools.digests(build()) == tools.digests(whole)


def test_a_rename_whose_answer_was_lost_has_succeeded(build, whole, tools, monkeypatch):
    def lose_answer(path, target):
        REPLACE(path, target)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))

    monkeypatch.setattr(Path, "replace", lose_answer)
    assert tools.digests(build()) == tools.digests(whole)
