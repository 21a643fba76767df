"""Breaks a copy of src one mutation at a time and runs the tests that are to notice.

    python -m experiments.studies.mutation            all of them
    python -m experiments.studies.mutation Eq. 5      those whose names contain a text

Writes runs/mutation.json. Exits 1 if a mutation survives, no longer applies, or its tests cannot be run.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from experiments.studies.mutation.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[3]
RESULT = ROOT / "runs" / "mutation.json"
PYTEST = ["-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--tb=line"]
SECONDS = 600  # a mutant that hangs is noticed too


def run(source: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """Exit status of the tests against the package in `source`, and the end of their output; 1 past the limit."""
    nodes = [f"tests/{test}" for test in tests]
    # only the conftest next to the tests: the one above them starts the whole command line
    folder = Path(nodes[0].split("::")[0]).parent
    command = [sys.executable, *PYTEST, f"--confcutdir={folder}", *nodes]
    # bytecode is renewed by the second and the size of its source, and many mutations change neither
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("OMP_NUM_THREADS", "1")  # the tensors are tiny: more threads only wait for each other
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "timeout"
    return done.returncode, done.stdout[-1500:] + done.stderr[-500:]


def judge(mutation: Mutation, folder: Path) -> dict[str, object]:
    """Applies one mutation to a fresh copy of src and returns what became of it."""
    started = time.monotonic()
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    target = source / "syrfa" / mutation.file
    text = target.read_text()
    outcome, output = "does not apply", ""
    if text.count(mutation.old) == 1:
        target.write_text(text.replace(mutation.old, mutation.new))
        status, output = run(source, mutation.tests)
        # 1: a test failed; anything above: pytest itself could not go on, which proves nothing
        outcome = {0: "survived", 1: "killed"}.get(status, f"pytest exit {status}")
    shutil.rmtree(source)
    return {
        "name": mutation.name,
        "file": mutation.file,
        "tests": list(mutation.tests),
        "outcome": outcome,
        "seconds": round(time.monotonic() - started, 1),
        "output": "" if outcome == "killed" else output,
    }


def sound(chosen: list[Mutation]) -> bool:
    """Whether all those tests pass on the code as it is: else their failing says nothing."""
    folders: dict[str, list[str]] = {}
    for test in dict.fromkeys(test for mutation in chosen for test in mutation.tests):
        folders.setdefault(test.split("/")[0], []).append(test)
    for folder, tests in folders.items():
        status, output = run(ROOT / "src", tuple(tests))
        if status:
            print(f"tests/{folder} fails on the code as it is:\n{output}")
            return False
        print(f"tests/{folder}: all {len(tests)} pass on the code as it is", flush=True)
    return True


def main() -> int:
    """Runs the campaign."""
    wanted = " ".join(sys.argv[1:])
    chosen = [mutation for mutation in MUTATIONS if wanted in mutation.name]
    if not sound(chosen):
        return 1
    rows = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        places = [Path(folder, str(number)) for number in range(len(chosen))]
        for row in pool.map(judge, chosen, places):
            rows.append(row)
            print(f"[{len(rows)}/{len(chosen)}] {row['outcome']:9} {row['seconds']:6} s  {row['name']}", flush=True)
    bad = [row for row in rows if row["outcome"] != "killed"]
    for row in bad:
        print(f"\n{row['name']}: {row['outcome']}\n{row['output']}")
    if not wanted:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(
            json.dumps({"killed": len(rows) - len(bad), "of": len(rows), "mutants": rows}, indent=1) + "\n"
        )
    print(f"{len(rows) - len(bad)} of {len(rows)} killed")
    return int(bool(bad) or not rows)


if __name__ == "__main__":
    sys.exit(main())
