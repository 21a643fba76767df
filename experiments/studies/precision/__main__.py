"""Trains and tests the demo's phase 1 in float32 and in bfloat16, seed by seed, and compares their AUROC.

Writes runs/precision.json, and returns 1 where bfloat16 moves the
mean AUROC of a reading by more than the standard deviation over the seeds. A run whose result.json is there is not
repeated. On a processor without bfloat16 units the bfloat16 runs take `Bfloat16Kernels`, and the file says so.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev

from experiments.studies.precision.bfloat16_kernels import Bfloat16Kernels, has_units
from syrfa.__main__ import main as syrfa
from syrfa.training.provenance import environment
from syrfa.utils.files import write_json

PRECISIONS = ("32-true", "bf16-mixed")
CONFIGS = ["--config", "lightning_config/data/demo.yaml", "--config", "experiments/demo_knowledge.yaml"]
ROUNDED = "--rounded"


def folder(precision, seed):
    return Path(f"runs/precision_{precision}/seed{seed}")


def train_and_test(precision, seed, threads):
    run = folder(precision, seed)
    if (run / "result.json").exists():
        return
    options = [*CONFIGS, "--trainer.precision", precision, "--run.experiment", run.parent.name]
    rounded = precision == "bf16-mixed" and not has_units()
    program = (
        [sys.executable, "-m", "experiments.studies.precision", ROUNDED] if rounded else [sys.executable, "-m", "syrfa"]
    )
    for verb, more in (
        ("fit", ["--seed_everything", str(seed), "--run.overwrite", "true"]),
        ("test", ["--ckpt_path", str(run / "checkpoints" / "last.ckpt")]),
    ):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        subprocess.run([*program, verb, *options, *more], env=environment, check=True, stdout=subprocess.DEVNULL)


def compared(seeds):
    """A row a reading: the AUROC of each seed in both precisions, in per cent, and what bfloat16 changes."""
    results = {p: [json.loads((folder(p, seed) / "result.json").read_text()) for seed in seeds] for p in PRECISIONS}
    rows = []
    for number, reading in enumerate(results["32-true"][0]["evaluations"]):
        exact, rounded = (
            [100 * result["evaluations"][number]["metrics"]["micro_auroc"]["value"] for result in results[precision]]
            for precision in PRECISIONS
        )
        change = mean(rounded) - mean(exact)
        box_width = 100 * reading["baselines"]["box_width"]["micro_auroc"]["value"]
        many = len(seeds) > 1
        spread = stdev(exact) if many else float("nan")
        rows.append(
            {
                "protocol": reading["protocol"]["protocol"],
                "smoothing": reading["protocol"]["smoothing"],
                "float32": exact,
                "bfloat16": rounded,
                "mean_change": change,
                "spread_of_changes": stdev(b - a for a, b in zip(exact, rounded, strict=True)) if many else None,
                "spread_of_float32": spread,
                "box_width": box_width,
                "chance": 50.0,
            }
        )
    return rows, {p: sorted({r["environment"]["git_commit"] for r in found}) for p, found in results.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument(
        "--jobs", type=int, default=2, help="runs at once, one thread each where there are more than one"
    )
    options = parser.parse_args()
    threads = 1 if options.jobs > 1 else len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(train_and_test, p, seed, threads) for seed in options.seeds for p in PRECISIONS]
        for run in waiting:
            run.result()
    rows, commits = compared(options.seeds)
    content = {
        "seeds": options.seeds,
        "bfloat16_products": "the processor's" if has_units() else "float32 kernels, rounded to bfloat16",
        "configs": CONFIGS[1::2],
        "commits": commits,
        "rows": rows,
        "environment": environment(),
    }
    write_json(Path("runs/precision.json"), content)
    for row in rows:
        print(
            f"{row['protocol']:<8} {row['smoothing']:<9} float32 {mean(row['float32']):6.2f} +/- "
            f"{row['spread_of_float32']:5.2f}  bfloat16 {mean(row['bfloat16']):6.2f}  change {row['mean_change']:+6.2f}"
            f"  box_width {row['box_width']:5.1f}  chance 50.0"
        )
    return int(any(abs(row["mean_change"]) >= row["spread_of_float32"] for row in rows))


if __name__ == "__main__":
    if sys.argv[1:2] == [ROUNDED]:
        with Bfloat16Kernels():
            sys.exit(syrfa(sys.argv[2:]))
    sys.exit(main())
