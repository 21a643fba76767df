"""Stands in for `python -m syrfa`: leaves what fit and test leave, in milliseconds, and fails where it is told to.

Every call is written into the file that FAKE_CALLS names. FAKE_FAIL and FAKE_HANG are `verb:experiment`.
"""

import json
import os
import sys
import time
from pathlib import Path

verb, *arguments = sys.argv[1:]
options = dict(argument[2:].split("=", 1) for argument in arguments if "=" in argument)
name = options.get("run.experiment", "")
with Path(os.environ["FAKE_CALLS"]).open("a") as calls:
    calls.write(" ".join(["resume" if verb == "fit" and "ckpt_path" in options else verb, name]).strip() + "\n")

this = f"{verb}:{name}"
if verb in ("fit", "test"):
    seed = options["seed_everything"]
    folder = Path(options["run.root"]) / name / f"seed{seed}"
    checkpoint = folder / "checkpoints" / "last.ckpt"
    if verb == "fit":
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write_text("half")
if this == os.environ.get("FAKE_HANG"):
    Path(os.environ["FAKE_CALLS"]).with_suffix(".hanging").touch()
    time.sleep(60)
if this == os.environ.get("FAKE_FAIL"):
    print(f"working\nsyrfa {verb}: error: no space left", file=sys.stderr)
    sys.exit(2)
if verb == "fit":
    checkpoint.write_text("whole")
if verb == "test":
    assert checkpoint.read_text() == "whole"
    tested = {"manifest_sha256": "as tested", "cache_key": "key"}
    result = {"schema": 2, "evaluations": [{}], "experiment": name, "seed": int(seed), **tested}
    (folder / "result.json").write_text(json.dumps(result))
