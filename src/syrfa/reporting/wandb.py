"""Weights & Biases: the logger of a fit that asks for it, and what its runs hold besides the logged metrics."""

import os
import sys
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from syrfa import __version__
from syrfa.errors import ConfigError
from syrfa.evaluation.callback import FrameAUC
from syrfa.evaluation.collector import data_of, is_partial
from syrfa.evaluation.result import Result, audit_of, read_result, value_of
from syrfa.modules import AnomalyModule
from syrfa.training.provenance import git_commit
from syrfa.training.run_folder import RunFolder
from syrfa.tubes.datamodule import STAGES_OF

# of what W&B collects by itself: no asking of a cloud's metadata server, no upload of the program's source
_QUIET: dict[str, Any] = {
    "x_disable_machine_info": True,
    "x_stats_coreweave_metadata_base_url": "http://127.0.0.1:9",
    "save_code": False,
}


def quiet_environment() -> None:
    """Sets W&B offline and its error reports off, where the environment does not set them otherwise."""
    os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")


def wandb_logger(run: RunFolder, folder: Path) -> WandbLogger | None:
    """The logger of a run with `wandb`, unless WANDB_MODE=disabled; a second one goes on with the process's W&B run.

    W&B's own variables hold, as `WANDB_PROJECT`, and so does what a sweep's agent sets. Its files are in `folder`.
    """
    mode = os.environ.get("WANDB_MODE", "offline")
    if not run.wandb or mode == "disabled":
        return None
    import wandb

    if mode != "online" and os.environ.get("WANDB_SWEEP_ID"):
        print("syrfa: started by a W&B agent, but nothing is uploaded: set WANDB_MODE=online", file=sys.stderr)
    known = getattr(wandb.Settings, "model_fields", {})  # names of older releases differ, and all are optional
    return WandbLogger(
        name=folder.name,
        project=os.environ.get("WANDB_PROJECT", f"syrfa-{run.experiment}"),
        save_dir=folder,
        offline=mode != "online",
        experiment=wandb.run,
        settings=wandb.Settings(**{key: value for key, value in _QUIET.items() if key in known}),
    )


def wandb_refusal(error: Exception) -> ConfigError | None:
    """The user's error in one of W&B's, such as that nobody is logged in; None for any other error."""
    wandb = sys.modules.get("wandb")
    if wandb is None or not isinstance(error, wandb.errors.Error):
        return None
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ConfigError(f"run.wandb: {reason.rstrip('.')}; see `wandb login`, or unset WANDB_MODE to log offline")


def finish_wandb(exit_code: int) -> None:
    """Ends the process's W&B run, if there is one, as finished (0) or failed."""
    wandb = sys.modules.get("wandb")
    if wandb is not None and wandb.run is not None:
        wandb.finish(exit_code=exit_code)


class WandbRecord(Callback):
    """Writes the config of a fit with its seed, and summary and pictures of a test, into the trainer's W&B runs."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Writes settings, seed, commit, protocol and the data with their hashes into the config."""
        if not isinstance(pl_module, AnomalyModule):
            raise TypeError(f"settings are those of an AnomalyModule, not of a {type(pl_module).__name__}")
        # under the names of the options, which a sweep's agent uses as well
        settings = {f"model.init_args.{name}": value for name, value in pl_module.settings().items()}
        for run in _runs(trainer):
            run.config.update({**settings, **self._config(trainer, stage)}, allow_val_change=True)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the evaluations of `result.json` and the pictures next to it."""
        del pl_module
        if is_partial(trainer.limit_test_batches):  # which leaves no result
            return
        import wandb

        folder = Path(trainer.default_root_dir)
        for run in _runs(trainer):
            run.summary.update(summary_of(read_result(folder)))
            run.log({f"test/{path.stem}": wandb.Image(str(path)) for path in sorted(folder.glob("*.png"))})

    def _config(self, trainer: Trainer, stage: str) -> dict[str, Any]:
        data = data_of(trainer)
        config: dict[str, Any] = {
            f"data/{name}": {
                "dataset": use.source.dataset.name,
                "split": use.split,
                "manifest_sha256": use.source.dataset.manifest_hash(use.split),
                "cache": data.folder(use).name,
            }
            for name in STAGES_OF[stage]
            if (use := data.use(name)) is not None
        }
        *_, experiment, run_id = Path(trainer.default_root_dir).parts
        callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # Trainer sets it in its connector
        protocol, smoothing = next(part.options.first for part in callbacks if isinstance(part, FrameAUC))
        config |= {"experiment": experiment, "id": run_id, "protocol": protocol, "smoothing": smoothing}
        return {**config, "seed": self.seed, "git_commit": git_commit(), "syrfa": __version__}


def _runs(trainer: Trainer) -> list[Any]:
    """The W&B runs of the process that logs."""
    loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
    return [logger.experiment for logger in loggers] if trainer.is_global_zero else []


def summary_of(result: Result) -> dict[str, Any]:
    """Every number of every evaluation as a fraction, next to it box_width, chance, the switches and the audit.

    The protocol is part of a key: `test/strict.centred/...`, or `test/strict.fused.centred/...` where rescaled.
    """
    summary: dict[str, Any] = {}
    for evaluation in result["evaluations"]:
        protocol, metrics, baselines = evaluation["protocol"], evaluation["metrics"], evaluation["baselines"]
        parts = (protocol["protocol"], protocol.get("reference"), protocol["smoothing"])
        values = {metric: value["value"] for metric, value in metrics.items()}
        values |= {f"micro_auroc_{key}": metrics["micro_auroc"].get(key) for key in ("ci_low", "ci_high", "chance")}
        values["box_width/micro_auroc"] = value_of(baselines.get("box_width"))
        values |= {flag: 1.0 for flag in ("transductive", "oracle") if result[flag]}
        values["audit"] = audit_of(result, evaluation).line
        summary |= {f"test/{'.'.join(filter(None, parts))}/{name}": value for name, value in values.items()}
    return summary
