"""The run record: every step behind a checkpoint or a result, each with its options, data and environment, as JSON.

Every checkpoint holds the record of its weights, so a run that starts from it knows the steps that made it.
"""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from syrfa.datasets.base import WORLD, VideoDataset
from syrfa.modules.checkpoint import is_ours, read_checkpoint, read_plain
from syrfa.training.paths import PortablePaths
from syrfa.training.provenance import environment
from syrfa.tubes.cache import cache_folder, cache_identity
from syrfa.tubes.datamodule import STAGES_OF, Stage, TubeDataModule
from syrfa.utils.files import sha256_file, sha256_json

Step = dict[str, Any]
RUN_RECORD = "syrfa_run_record"  # the checkpoint's key
ID_LENGTH = 12
# options that say where files go and what is shown; none of them changes a number
OWN_PLACES = {
    "": ("config", "ckpt_path", "weights_only", "verbose", "return_predictions", "allow_import"),
    "trainer": ("default_root_dir", "logger", "enable_progress_bar"),
    "checkpoint": ("dirpath",),
}
RUN = ("experiment", "id")  # what remains of the options `run`
_WEIGHTS = ("knowledge_ckpt", "pretrained")  # arguments of modules that name a file of weights
_MEMBERS = "members"  # and one that names several
_REFERENCE = "checkpoint:"
_ENVIRONMENT = ("syrfa", "git_commit", "python", "packages", "threads")


class NoRunRecordError(Exception):
    """A checkpoint or a run has no record; the text says why."""


class RunRecord(Callback):
    """Puts the record of a fit into its checkpoints, and gives the record of a test to its result.

    `options` are plain values as parsed, `configs` the config files that they come from.
    """

    def __init__(self, verb: str, options: dict[str, Any], configs: Sequence[str]) -> None:
        self.verb, self.given, self.configs = verb, options, configs
        self.steps: list[Step] | None = None
        self.reason: str | None = "nothing was fitted"

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Makes the steps of a fit, itself the last, once the data are known."""
        if self.verb == "fit" and stage == "fit":
            try:
                self.steps, self.reason = self._fit_steps(trainer), None
            except NoRunRecordError as error:
                self.steps, self.reason = None, str(error)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Puts the steps into the checkpoint, or the reason why there are none."""
        checkpoint[RUN_RECORD] = {"steps": self.steps, "reason": self.reason}

    def of_test(self, trainer: Trainer) -> tuple[dict[str, Any] | None, str | None]:
        """The record of the test at hand, or None and the reason."""
        if self.verb != "test":
            return None, f"it was tested within `{self.verb}`, whose options are not those of a test"
        chain = Chain(PortablePaths(self.configs))
        try:
            options = chain.options(self.given, fits=False)
            normals = bool((options.get("evaluation") or {}).get("reference"))
            stages = (*STAGES_OF["test"], "normals") if normals else STAGES_OF["test"]
            return {"steps": [*chain.steps, _step("test", options, stages, chain.files, trainer, chain.paths)]}, None
        except NoRunRecordError as error:
            return None, str(error)

    def _fit_steps(self, trainer: Trainer) -> list[Step]:
        chain = Chain(PortablePaths(self.configs))
        options = chain.options(self.given, fits=True)
        path = self.given.get("ckpt_path")
        if not path:
            return [*chain.steps, _step("fit", options, STAGES_OF["fit"], chain.files, trainer, chain.paths)]
        *before, earlier = _stored_steps(read_checkpoint(path), Path(path).name)
        # equal, or the fit would not resume; but only the earlier part says what the weights started from
        options["model"] = earlier["options"]["model"]
        step = _step("fit", options, STAGES_OF["fit"], earlier["files"], trainer, chain.paths)
        changed = {*earlier.get("changed_on_resume", ()), *_differences(earlier["options"], options)}
        changed |= {key for key, value in step["environment"].items() if value != earlier["environment"].get(key)}
        return [*before, {**step, "changed_on_resume": sorted(changed)} if changed else step]


def run_record_of(trainer: Trainer) -> tuple[dict[str, Any] | None, str | None]:
    """The record of a test that `trainer` runs, or None and the reason."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # Trainer sets it in its connector
        if isinstance(callback, RunRecord):
            return callback.of_test(trainer)
    return None, "the test was not started by the command line, so that its options are not known"


class Chain:
    """Gathers, while options are written down, the `steps` before them and `files` of weights that are not ours."""

    def __init__(self, paths: PortablePaths) -> None:
        self.paths = paths
        self.steps: list[Step] = []
        self.files: list[dict[str, str]] = []

    def options(self, options: dict[str, Any], *, fits: bool) -> dict[str, Any]:
        """The options as a record has them: no path of this machine, and references in place of files of weights.

        With `fits` the verb is `fit`, whose `ckpt_path` is an earlier part of the same fit. NoRunRecordError where a
        checkpoint that the options name has no record.
        """
        kept = {section: value for section, value in options.items() if section not in OWN_PLACES[""]}
        for section, names in OWN_PLACES.items():
            if isinstance(kept.get(section), dict):
                kept[section] = {name: value for name, value in kept[section].items() if name not in names}
        kept["run"] = {name: value for name, value in (options.get("run") or {}).items() if name in RUN}
        arguments = dict(kept["model"].get("init_args") or {})
        arguments |= {name: self.refer(arguments[name]) for name in _WEIGHTS if arguments.get(name)}
        if arguments.get(_MEMBERS):
            arguments[_MEMBERS] = [self.refer(path) for path in arguments[_MEMBERS]]
        kept["model"] = {**kept["model"], "init_args": arguments}
        if options.get("ckpt_path") and not fits:
            kept["ckpt_path"] = self.refer(options["ckpt_path"])
        written: dict[str, Any] = self.paths.abstract(kept)
        return written

    def refer(self, path: str) -> str:
        """The reference to a file of weights: `checkpoint:<step>@<batches>`, or its path where it is not ours."""
        content = read_plain(path, "give the .ckpt file that a fit wrote")
        if not isinstance(content, dict) or not is_ours(content):
            place = str(self.paths.abstract(str(path)))
            self.files.append({"place": place, "sha256": sha256_file(Path(path))})
            return place
        steps = _stored_steps(content, Path(path).name)
        self.steps += [step for step in steps if step["id"] not in {known["id"] for known in self.steps}]
        return f"{_REFERENCE}{steps[-1]['id']}@{trained_batches(content)}"


def _stored_steps(checkpoint: dict[str, Any], name: str) -> list[Step]:
    """The steps in a checkpoint, the fit that wrote it last."""
    record = checkpoint.get(RUN_RECORD)
    if record is None:
        raise NoRunRecordError(f"{name} holds no run record: `syrfa fit` of this version did not write it")
    if record["steps"] is None:
        raise NoRunRecordError(str(record["reason"]))
    return list(record["steps"])


def trained_batches(checkpoint: dict[str, Any]) -> int:
    """The number of batches behind a checkpoint's weights."""
    return int(checkpoint["state_dict"]["batches_seen"])


def referred(value: object) -> tuple[str, int] | None:
    """The step and the batches of a reference; None of anything else."""
    if not isinstance(value, str) or not value.startswith(_REFERENCE):
        return None
    step, _, batches = value.removeprefix(_REFERENCE).partition("@")
    return (step, int(batches)) if batches.isascii() and batches.isdigit() and len(batches) < 16 else (step, -1)


def _step(
    verb: str,
    options: dict[str, Any],
    stages: Sequence[Stage],
    files: list[dict[str, str]],
    trainer: Trainer,
    paths: PortablePaths,
) -> Step:
    """A step as it is about to run; two steps of one `id` do the same with the same data."""
    data = getattr(trainer, "datamodule", None)
    if not isinstance(data, TubeDataModule):
        raise NoRunRecordError("its data do not come from a TubeDataModule, so that they are not known")
    parts = [part for part in (_data_entry(data, stage, paths) for stage in stages) if part is not None]
    hashes = [[part["stage"], part["cache"], part["manifest_sha256"]] for part in parts]
    return {
        "id": sha256_json([verb, options, hashes, [file["sha256"] for file in files]])[:ID_LENGTH],
        "verb": verb,
        "seed": int(options["seed_everything"]),
        "options": options,
        "options_sha256": sha256_json(options),
        "data": parts,
        "files": files,
        "environment": _step_environment(trainer),
    }


def _data_entry(data: TubeDataModule, stage: Stage, paths: PortablePaths) -> dict[str, Any] | None:
    """The data of one stage; None where the config leaves it open."""
    use = data.use(stage)
    if use is None:
        return None
    dataset = use.source.dataset
    identity = cache_identity(dataset, use.split, use.source.detector, use.spec)
    return {
        "stage": stage,
        "domain": use.domain,
        "dataset": dataset.name,
        "split": use.split,
        "root": paths.abstract(str(dataset.root)),
        "manifest_sha256": dataset.manifest_hash(use.split),
        "cache": cache_folder(data.cache_root, identity).name,
        "detector": paths.abstract(identity["detector"]),
        "world": _world_of(dataset, paths),
    }


def _world_of(dataset: VideoDataset, paths: PortablePaths) -> dict[str, Any] | None:
    """How `syrfa generate` made the data, and into which folder; None where it did not."""
    for folder in (dataset.root, dataset.root.resolve().parent):
        if (folder / WORLD).is_file():
            content = json.loads((folder / WORLD).read_text())
            known = {key: content.get(key) for key in ("preset", "seed", "grey", "version", "settings")}
            return {**known, "out": paths.abstract(str(folder))}
    return None


def _step_environment(trainer: Trainer) -> dict[str, Any]:
    """Code, packages and machine of the running process, without its command line."""
    device, known = trainer.strategy.root_device, environment()
    info = Path("/proc/cpuinfo")  # of Linux
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {
        **{key: known[key] for key in _ENVIRONMENT},
        # both the processor and the instructions that torch uses of it decide the order of sums
        "cpu": f"{next(models, platform.machine())}, {torch.backends.cpu.get_cpu_capability()}",
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
    }


def _differences(one: object, other: object, name: str = "") -> list[str]:
    """The dotted names under which two trees of options differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key), other.get(key)) for key in sorted(one.keys() | other.keys())]
        return [found for key, a, b in pairs for found in _differences(a, b, f"{name}.{key}" if name else str(key))]
    return [] if one == other else [name]
