"""The script of continuous integration, with stand-ins for what it calls."""

import shutil
import subprocess
from pathlib import Path

import pytest
from small_run import ROOT


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder on the PATH: no chromium in it, a root user, and an apt-get that waits for a network."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "sleep"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    scripts = {
        "id": "echo 0",
        "apt-get": "exec sleep 600",
        "make": f"echo made $1 >> {tmp_path}/calls",
        # as coreutils' own, in a hundredth of the time
        "timeout": f'echo $1 >> {tmp_path}/calls\nshift\n"$@" & sleep 0.1\nkill $!\nexit 124',
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def test_without_a_network_the_tests_run_soon(programs: Path) -> None:
    done = subprocess.run(
        [programs / "bash", ROOT / ".ci" / "run"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "no chromium: the page is not tested in a browser" in done.stdout
    assert (programs.parent / "calls").read_text().split() == ["120", "made", "test"]
