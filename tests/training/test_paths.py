"""Paths of one machine do not enter a run record, and those of another come out of it."""

from pathlib import Path

import pytest

from syrfa.errors import ConfigError
from syrfa.training.paths import PortablePaths, resolve


@pytest.fixture
def roots(tmp_path, monkeypatch):
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path / "raw"))
    monkeypatch.setenv("SYRFA_SHARED_DATA", str(tmp_path / "raw"))
    monkeypatch.setenv("SYRFA_CACHE", str(tmp_path / "raw" / "cache"))
    monkeypatch.delenv("SYRFA_ELSEWHERE", raising=False)
    return tmp_path


def test_what_a_config_wrote_comes_back_as_it_was_written(roots):
    """Two variables name one folder here, and would not on another machine."""
    config = roots / "data.yaml"
    written = "${oc.env:SYRFA_SHARED_DATA,../shared/data}/ped2"
    config.write_text(f"data: {{root: '{written}', other: [1, {{path: a}}]}}")
    assert PortablePaths([str(config)]).abstract({"root": f"{roots}/raw/ped2"}) == {"root": written}


def test_paths_of_the_command_line_are_under_the_longest_root(roots):
    given = {"a": [f"{roots}/raw/x/{{split}}.npz", f"{roots}/raw/cache"], "b": f"{roots}/raw2", "n": 3, "t": True}
    assert PortablePaths().abstract(given) == {
        "a": ["${oc.env:SYRFA_DATA,data/raw}/x/{split}.npz", "${oc.env:SYRFA_CACHE,data/cache}"],
        "b": "${oc.env:SYRFA_ELSEWHERE}/raw2",
        "n": 3,
        "t": True,
    }


def test_a_default_is_written_as_its_variable(monkeypatch):
    monkeypatch.delenv("SYRFA_DATA", raising=False)
    assert PortablePaths().abstract("data/raw/demo-source") == "${oc.env:SYRFA_DATA,data/raw}/demo-source"
    assert PortablePaths().abstract(str(Path("data/raw").absolute())) == "${oc.env:SYRFA_DATA,data/raw}"


def test_other_places_keep_their_last_part_and_stay_apart(roots):
    places = PortablePaths()
    given = ["/home/somebody/w.pt", "~/w.pt", "../../w.pt", "/home/somebody/w.pt", str(Path.home()), "runs/a.ckpt"]
    start = "${oc.env:SYRFA_ELSEWHERE}"
    assert places.abstract(given) == [
        *(f"{start}/w.pt", f"{start}/2/w.pt", f"{start}/3/w.pt", f"{start}/w.pt", f"{start}/home"),
        "runs/a.ckpt",
    ]


def test_another_machine_has_its_own_paths(roots, monkeypatch):
    options = {"data": {"root": "${oc.env:SYRFA_DATA,data/raw}/w"}, "weights": "${oc.env:SYRFA_ELSEWHERE}/w.pt"}
    with pytest.raises(ConfigError, match=r"had w\.pt outside the data folders; set SYRFA_ELSEWHERE"):
        resolve(options)
    monkeypatch.setenv("SYRFA_ELSEWHERE", "/there")
    assert resolve(options) == {"data": {"root": f"{roots}/raw/w"}, "weights": "/there/w.pt"}
