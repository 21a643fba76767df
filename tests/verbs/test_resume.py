"""A fit that was stopped anywhere and resumed ends in the weights and optimiser states of one that nobody touched."""

import csv
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
import torch
from small_run import DEMO, EXPERIMENTS

from syrfa.__main__ import main

FIT = [
    "fit",
    *DEMO,
    "--data.batch_size=2",
    "--data.eval_batch_size=64",
    "--data.steps_per_epoch=4",
    "--data.prepare_workers=1",
    "--trainer.accelerator=cpu",
    "--trainer.max_epochs=3",
    "--trainer.precision=32-true",
    "--trainer.check_val_every_n_epoch=1",
    "--trainer.limit_val_batches=1.0",
    "--trainer.enable_progress_bar=false",
    "--trainer.log_every_n_steps=1",
    "--evaluation.bootstrap=0",
]
PHASE1 = [
    *FIT,
    f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}",
    *FIT[2:],  # again: the experiment's own settings must not win
    "--model.init_args.width=2",
    "--model.init_args.size=16",
    "--model.init_args.align_every=3",
    "--model.init_args.lr_consistency=1e-3",
    "--model.init_args.style_mix=beta",
    "--model.init_args.lr_schedule=cosine",
    "--model.init_args.augment=true",
]
# sends a signal from a hook, and writes down which hooks ran; in a module of its own, since a config names its class
STRIKE = '''
import os, signal
from lightning import Callback

class Strike(Callback):
    def __init__(self, hook: str, batch: int, trace: str, name: str = "SIGTERM"):
        self.hook, self.batch, self.trace, self.name = hook, batch, trace, name

    def _hook(self, hook, trainer, module):
        if trainer.sanity_checking:
            return
        with open(self.trace, "a") as file:
            file.write(f"{hook} {int(module.batches_seen)}\\n")
        if hook == self.hook and int(module.batches_seen) == self.batch:
            os.kill(os.getpid(), getattr(signal, self.name))

def hooked(name):
    def method(self, trainer, module, *_, **__):
        if name not in ("setup", "save") or self.hook == name:  # these two are not traced else
            self._hook(name, trainer, module)
    return method

for method, name in {
    "setup": "setup", "on_save_checkpoint": "save", "on_train_batch_start": "batch_start",
    "on_train_batch_end": "batch_end", "on_validation_start": "validation_start",
    "on_validation_batch_end": "validation_batch", "on_validation_end": "validation_end",
    "on_train_epoch_end": "epoch_end",
}.items():
    setattr(Strike, method, hooked(name))

class KilledWhileWriting(Callback):
    """The process dies between the writing of the checkpoint's bytes and the renaming of its file."""
    def on_train_batch_end(self, trainer, module, *_):
        if int(module.batches_seen) == 6:
            os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
'''

pytestmark = pytest.mark.usefixtures("data_environment", "one_thread")


@pytest.fixture(scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def strike(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strike")
    (folder / "strike.py").write_text(STRIKE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


class Run:
    """A run folder, and the fits in it."""

    def __init__(self, settings, experiment, folder):
        self.settings, self.folder = settings, folder
        self.run = folder / experiment / "seed1"
        self.last = self.run / "checkpoints" / "last.ckpt"
        self.trace = folder / "trace"

    def arguments(self, hook="", batch=0, name="SIGTERM", resume=False, extra=(), callback="Strike"):
        init = (
            f"{{hook: '{hook}', batch: {batch}, name: {name}, trace: {self.trace}}}" if callback == "Strike" else "{}"
        )
        config = self.folder / f"{callback}-{hook}-{batch}.yaml"
        config.write_text(f"trainer: {{callbacks: [{{class_path: strike.{callback}, init_args: {init}}}]}}\n")
        resumed = [f"--ckpt_path={self.last}"] if resume else []
        return [*self.settings, f"--config={config}", f"--run.root={self.folder}", *resumed, *extra]

    def fit(self, *strike, **options):
        return main(self.arguments(*strike, **options))

    def checkpoint(self):
        return torch.load(self.last, weights_only=True)

    def trained(self):
        return int(self.checkpoint()["state_dict"]["batches_seen"])

    def hooks(self):
        return Counter(self.trace.read_text().splitlines())

    def metrics(self):
        with (self.run / "metrics.csv").open(newline="") as file:
            # Lightning repeats the last of these in rows without one, and after a resumption it knows none
            now_and_then = {"train/align", "train/gradient_cosine"}
            rows = [{key: row[key] for key in row.keys() - now_and_then} for row in csv.DictReader(file)]
        return sorted(tuple(sorted(row.items())) for row in rows)


@pytest.fixture(scope="module")
def phases(data_environment, knowledge_ckpt, tmp_path_factory):
    """Both phases: settings, and a run that nobody touched."""
    adapt = [*FIT, f"--config={EXPERIMENTS / 'demo_adapt.yaml'}", *FIT[2:]]
    adapt = [*adapt, "--data.train_on=target", f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]
    whole = {
        1: Run(PHASE1, "demo_knowledge", tmp_path_factory.mktemp("whole1")),
        2: Run(adapt, "demo_adapt", tmp_path_factory.mktemp("whole2")),
    }
    for run in whole.values():
        assert run.fit() == 0
        assert run.trained() == 12
    return whole


@pytest.fixture
def begin(phases, tmp_path):
    """begin(phase): a new run with the settings of the untouched one, and that one."""

    def _begin(phase):
        whole = phases[phase]
        return Run(whole.settings, whole.run.parent.name, tmp_path), whole

    return _begin


def assert_equal(one, other, where=""):
    assert type(one) is type(other), where
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_equal(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for number, (mine, its) in enumerate(zip(one, other, strict=True)):
            assert_equal(mine, its, f"{where}/{number}")
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype, where
        assert torch.equal(one, other), where
    else:
        assert one == other, where


def assert_same_end(run, whole):
    mine, its = run.checkpoint(), whole.checkpoint()
    for part in ("state_dict", "optimizer_states", "global_step"):
        assert_equal(mine[part], its[part], part)
    assert len(mine["optimizer_states"]) == {"demo_knowledge": 2, "demo_interleaved": 3}.get(run.run.parent.name, 1)


def test_phase_one_terminated_and_resumed(begin):
    """In the last batch of an epoch, in a validation, and while a checkpoint is written at an epoch's end."""
    run, whole = begin(1)
    for number, (hook, batch, saved) in enumerate((("batch_start", 3, 4), ("validation_batch", 4, 4), ("save", 8, 8))):
        # the second time by loader processes
        extra = ["--data.num_workers=2"] if number == 1 else []
        assert run.fit(hook, batch, resume=number > 0, extra=extra) == 143
        assert run.trained() == saved
    assert run.fit(resume=True) == 0
    assert_same_end(run, whole)
    assert not whole.hooks() - run.hooks()  # every batch trained, every validation and epoch ended, once
    repeated = run.hooks() - whole.hooks()
    assert all(hook.startswith(("validation_start", "validation_batch", "save")) for hook in repeated)
    assert run.metrics() == whole.metrics()


def test_phase_two_terminated_interrupted_and_resumed(begin, capsys):
    run, whole = begin(2)
    assert run.fit("batch_start", 5) == 143
    assert run.trained() == 6
    assert run.fit("batch_start", 7, "SIGINT", resume=True) == 130
    assert f"--ckpt_path {run.last}" in capsys.readouterr().err
    assert run.trained() == 8
    assert run.fit(resume=True) == 0
    assert run.fit(resume=True) == 0  # a finished one: nothing is trained, and nothing is lost
    assert_same_end(run, whole)
    assert run.metrics() == whole.metrics()


def test_validation_within_an_epoch(begin):
    extra = ["--trainer.val_check_interval=2"]
    run, whole = begin(1)
    assert run.fit("validation_batch", 6, extra=extra) == 143
    assert run.fit(resume=True, extra=extra) == 0
    assert_same_end(run, whole)
    hooks = run.hooks()
    assert [hooks[f"validation_end {batch}"] for batch in (2, 4, 6, 8, 10, 12)] == [1] * 6
    assert [hooks[f"epoch_end {batch}"] for batch in (4, 8, 12)] == [1] * 3


def test_max_steps(begin, tmp_path):
    extra = ["--trainer.max_epochs=-1", "--trainer.max_steps=10", "--model.init_args.lr_schedule=constant"]
    extra.append("--trainer.limit_val_batches=0")
    run, _ = begin(1)
    (tmp_path / "whole").mkdir()
    whole = Run(run.settings, "demo_knowledge", tmp_path / "whole")
    assert whole.fit(extra=extra) == 0
    assert run.fit("epoch_end", 4, extra=extra) == 143
    assert run.fit(resume=True, extra=extra) == 0
    assert_same_end(run, whole)
    assert run.hooks() == whole.hooks()


def test_both_phases_in_turns(begin, tmp_path):
    """Stopped in a batch that phase 2 follows."""
    options = [option for option in PHASE1 if "demo_knowledge" not in option]
    settings = [*FIT, f"--config={EXPERIMENTS / 'demo_interleaved.yaml'}", *options[2:], "--data.train_on=both"]
    settings += ["--model.init_args.adapt_every=2", "--model.init_args.adapter=ap"]
    runs = [Run(settings, "demo_interleaved", tmp_path / name) for name in ("whole", "run")]
    whole, run = runs
    for each in runs:
        each.folder.mkdir()
    assert whole.fit() == 0
    assert run.fit("batch_start", 5) == 143
    assert run.fit(resume=True) == 0
    assert_same_end(run, whole)


def test_gradients_that_were_being_accumulated(begin, tmp_path):
    extra = ["--trainer.accumulate_grad_batches=3"]
    run, _ = begin(2)
    (tmp_path / "whole").mkdir()
    whole = Run(run.settings, "demo_adapt", tmp_path / "whole")
    assert whole.fit(extra=extra) == 0
    assert run.fit("batch_end", 2, extra=extra) == 143
    assert run.fit(resume=True, extra=extra) == 0
    assert_same_end(run, whole)
    assert run.metrics() == whole.metrics()


def test_terminated_before_the_first_batch(begin, capsys):
    run, _ = begin(1)
    assert run.fit("setup") == 143
    assert "no batch was trained" in capsys.readouterr().err
    assert not run.last.exists()


def test_killed_while_last_ckpt_is_written(begin):
    run, whole = begin(1)
    command = [sys.executable, "-m", "syrfa", *run.arguments(callback="KilledWhileWriting")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert run.trained() == 4
    leftovers = list(run.last.parent.glob(".*.tmp"))
    assert leftovers
    assert run.fit(resume=True) == 0
    assert_same_end(run, whole)
    assert not any(path.exists() for path in leftovers)
