"""Kills fits at random moments until both phases have survived it, and compares with fits that nobody touched.

Every start is a process of its own, `python -m syrfa fit`. A
chain is one fit, resumed after each kill from its `last.ckpt` (begun anew where there is none yet) until its kills are
used up and it may finish. While a process runs, `last.ckpt` is read over and over: once it exists it must stay, whole.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from syrfa.utils.files import write_json
from syrfa.verbs.generate import generate

ROOT = Path(__file__).resolve().parents[3]
DEMO = f"--config={ROOT / 'lightning_config' / 'data' / 'demo.yaml'}"
SETTINGS = [
    "--data.batch_size=2",
    "--data.eval_batch_size=64",
    "--data.steps_per_epoch=13",
    "--data.prepare_workers=1",
    "--trainer.accelerator=cpu",
    "--trainer.max_epochs=6",
    "--trainer.limit_val_batches=1.0",
    "--trainer.enable_progress_bar=false",
    "--trainer.log_every_n_steps=1",
    "--evaluation.bootstrap=0",
]
PHASE1 = [
    "--trainer.check_val_every_n_epoch=2",
    "--trainer.precision=32-true",
    "--model.init_args.width=4",
    "--model.init_args.size=32",
    "--model.init_args.align_every=3",
    "--model.init_args.lr_consistency=1e-3",
    "--model.init_args.style_mix=beta",
    "--model.init_args.lr_schedule=cosine",
    "--model.init_args.augment=true",
]
SAVING = {
    "epochs": [],
    "steps": ["--checkpoint.every_n_train_steps=3"],
    "always": ["--checkpoint_minutes=0.0001"],
    "validation in an epoch": ["--trainer.check_val_every_n_epoch=1", "--trainer.val_check_interval=5"],
}
SIGNALS = {
    "SIGTERM": 0.35,
    "SIGTERM twice": 0.1,
    "SIGTERM to the group": 0.1,
    "SIGINT to the group": 0.1,
    "SIGKILL": 0.35,
}
CODES = {"SIGTERM": 143, "SIGINT": 130, "SIGKILL": 137}


@dataclass
class Kill:
    """One kill, and what was there afterwards.

    Attributes:
        chain: the fit.
        signal: how it was killed.
        workers: loader processes.
        after: seconds since the process began to train; negative before.
        code: exit code as a shell shows it; 0 when the fit ended before the signal came.
        batches: trained batches in `last.ckpt`; None without one.
    """

    chain: str
    signal: str
    workers: int
    after: float
    code: int
    batches: int | None


def main() -> int:
    """Runs the campaign; 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills a phase")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "torture_resume.json")
    options = parser.parse_args()
    choose = random.Random(options.seed)
    kills: list[Kill] = []
    chains: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(preset="tiny", out=folder / "raw" / "demo-source", seed=3, processes=1)
        generate(preset="target-tiny", out=folder / "raw" / "demo-target", seed=3, processes=1)
        knowledge = None
        for phase, experiment in ((1, "demo_knowledge"), (2, "demo_adapt")):
            settings = [DEMO, f"--config={ROOT / 'experiments' / f'{experiment}.yaml'}", *SETTINGS]
            settings += PHASE1 if phase == 1 else [f"--model.init_args.knowledge_ckpt={knowledge}"]
            whole = Fit(folder, f"phase {phase}, untouched", experiment, settings)
            seconds = whole.finish()
            print(f"{whole.name}: {whole.batches()} batches, {seconds:.1f} s of training", flush=True)
            for number, (saving, extra) in enumerate(SAVING.items()):
                share = options.kills // len(SAVING) + (number < options.kills % len(SAVING))
                fit = Fit(folder, f"phase {phase}, {saving}", experiment, [*settings, *extra])
                for _ in range(share):
                    kills.append(fit.kill(choose, seconds))
                    print("  " + "  ".join(f"{key}={value}" for key, value in asdict(kills[-1]).items()), flush=True)
                fit.finish()
                chains.append({"chain": fit.name, "kills": share, "torn": fit.torn, **compare(whole, fit)})
                print(json.dumps(chains[-1]), flush=True)
            knowledge = knowledge or whole.checkpoint
    wrong = [kill for kill in kills if kill.code not in (0, CODES[kill.signal.split()[0]])]
    different = [chain["chain"] for chain in chains if chain["different"] or chain["torn"]]
    write_json(
        options.out,
        {
            "seed": options.seed,
            "kills": [asdict(kill) for kill in kills],
            "chains": chains,
            "different": different,
            "wrong_exit_codes": [asdict(kill) for kill in wrong],
        },
    )
    print(table(kills, chains))
    print(
        f"{len(kills)} kills; different: {different or 'nothing'}; wrong exit codes: {wrong or 'none'}; {options.out}"
    )
    return int(bool(different or wrong))


class Fit:
    """A fit and its folder.

    Args:
        folder: of the campaign.
        name: of the fit.
        experiment: its run.experiment.
        settings: command line.
    """

    def __init__(self, folder: Path, name: str, experiment: str, settings: list[str]) -> None:
        self.name, self.settings, self.torn = name, settings, 0
        root = folder / name.replace(" ", "-").replace(",", "")
        self.run, self.root = root / experiment / "seed1", root
        self.checkpoint = self.run / "checkpoints" / "last.ckpt"
        self.errors = root.with_suffix(".stderr")
        self.environment = {
            **os.environ,
            "SYRFA_DATA": str(folder / "raw"),
            "SYRFA_CACHE": str(folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, workers: int) -> subprocess.Popen[bytes]:
        """Starts the fit, or resumes it; returns when it is about to train, or has ended."""
        command = [sys.executable, "-m", "syrfa", "fit", *self.settings, f"--run.root={self.root}"]
        command += [f"--data.num_workers={workers}"]
        command += [f"--ckpt_path={self.checkpoint}"] if self.checkpoint.exists() else ["--run.overwrite=true"]
        (self.run / "provenance_fit.json").unlink(missing_ok=True)
        with self.errors.open("ab") as errors:
            return subprocess.Popen(
                command, env=self.environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )

    def finish(self) -> float:
        """Lets the fit run to its end.

        Returns:
            seconds from the beginning of training.
        """
        process = self.start(0)
        self.training(process)
        begun = time.monotonic()
        self.wait(process, 600)
        if process.returncode:
            raise RuntimeError(f"{self.name} failed:\n{self.errors.read_text()[-3000:]}")
        return time.monotonic() - begun

    def kill(self, choose: random.Random, seconds: float) -> Kill:
        """Starts or resumes the fit and kills it at a random moment of a training of `seconds`."""
        workers = choose.choice([0, 0, 2])
        how = choose.choices([*SIGNALS], [*SIGNALS.values()])[0]
        process = self.start(workers)
        if choose.random() < 0.1:
            after = -1.0
            self.wait(process, choose.uniform(0.1, 6))
        else:
            self.training(process)
            after = choose.uniform(0, 0.4 * seconds)
            self.wait(process, after)
        number = getattr(signal, how.split()[0])
        if process.poll() is None and how.endswith("group"):
            os.killpg(process.pid, number)
        elif process.poll() is None:
            process.send_signal(number)
        if how.endswith("twice"):
            self.wait(process, choose.uniform(0, 0.2))
            process.send_signal(number)
        self.wait(process, 120)
        if process.poll() is None:
            process.kill()
            raise RuntimeError(f"{self.name}: still alive two minutes after {how}")
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        return Kill(self.name, how, workers, round(after, 2), code, self.batches())

    def training(self, process: subprocess.Popen[bytes]) -> None:
        """Waits until the process is about to train."""
        while process.poll() is None and not (self.run / "provenance_fit.json").exists():
            self.wait(process, 0.02)

    def wait(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Waits for the process's end, at most so long, and looks after `last.ckpt` meanwhile."""
        end = time.monotonic() + seconds
        existed = self.checkpoint.exists()
        while process.poll() is None and (left := end - time.monotonic()) > 0:
            try:
                with zipfile.ZipFile(self.checkpoint) as archive:
                    self.torn += archive.testzip() is not None
                existed = True
            except FileNotFoundError:
                self.torn += existed
            except zipfile.BadZipFile:
                self.torn += 1
            time.sleep(min(0.02, left))

    def batches(self) -> int | None:
        """Trained batches in `last.ckpt`, which must be readable."""
        if not self.checkpoint.exists():
            return None
        return int(torch.load(self.checkpoint, weights_only=True)["state_dict"]["batches_seen"])


def compare(whole: Fit, fit: Fit) -> dict[str, Any]:
    """The digests of a fit, and which parts differ from the untouched one's."""
    mine, other = (digests(torch.load(one.checkpoint, weights_only=True)) for one in (fit, whole))
    return {"sha256": mine, "different": [part for part in mine if mine[part] != other[part]]}


def digests(content: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of the weights and of the optimisers' states."""
    found = {}
    for part in ("state_dict", "optimizer_states"):
        digest = hashlib.sha256()
        for name, value in leaves(content[part], part):
            digest.update(name.encode())
            if isinstance(value, torch.Tensor):
                digest.update(f"{value.dtype} {tuple(value.shape)}".encode())
                digest.update(value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
            else:
                digest.update(repr(value).encode())
        found[part] = digest.hexdigest()
    return found


def leaves(value: Any, name: str) -> list[tuple[str, Any]]:
    """Every plain value in nested dicts and lists, with where it stands."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value, key=str) for leaf in leaves(value[key], f"{name}.{key}")]
    if isinstance(value, list | tuple):
        return [leaf for number, item in enumerate(value) for leaf in leaves(item, f"{name}.{number}")]
    return [(name, value)]


def table(kills: list[Kill], chains: list[dict[str, Any]]) -> str:
    """A row a chain."""
    rows = [f"{'chain':<34}{'kills':>6}  {'trained batches at the kills':<60}{'torn':>5}  different"]
    for chain in chains:
        seen = " ".join(
            "-" if kill.batches is None else str(kill.batches) for kill in kills if kill.chain == chain["chain"]
        )
        different = ", ".join(chain["different"]) or "nothing"
        rows.append(f"{chain['chain']:<34}{chain['kills']:>6}  {seen:<60}{chain['torn']:>5}  {different}")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
