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
from syrfa.evaluation.result import Evaluation, Result, read_result
from syrfa.modules import AnomalyModule
from syrfa.training.provenance import git_commit
from syrfa.training.run_folder import RunFolder
from syrfa.tubes.datamodule import STAGES_OF

COLUMNS = (
    *("protocol", "reference", "smoothing", "micro_auroc", "ci_low", "ci_high", "macro_auroc", "auprc", "max_f1"),
    *("chance", "box_width", "transductive", "oracle", "audit"),
)
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
    """The logger of a run that asks for one; a second one of the same process goes on with the same W&B run.

    `WANDB_PROJECT`, `WANDB_RUN_ID`, `WANDB_RUN_GROUP` and the other variables of W&B hold, and so does what a sweep's
    agent sets.

    Args:
        run: the run; without its `wandb`, or with WANDB_MODE=disabled, there is no logger.
        folder: where it keeps its files.
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
    """Writes the config of a fit, and the table, summary and pictures of a test, into the trainer's W&B runs.

    Args:
        seed: the seed of the run.
    """

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
        folder = Path(trainer.default_root_dir)
        for run in _runs(trainer):
            _log_result(run, read_result(folder), sorted(folder.glob("*.png")))

    def _config(self, trainer: Trainer, stage: str) -> dict[str, Any]:
        data = data_of(trainer)
        used = {name: use for name in STAGES_OF[stage] if (use := data.use(name)) is not None}
        config: dict[str, Any] = {
            f"data/{name}": {
                "dataset": use.source.dataset.name,
                "split": use.split,
                "manifest_sha256": use.source.dataset.manifest_hash(use.split),
                "cache": data.folder(use).name,
            }
            for name, use in used.items()
        }
        *_, experiment, run_id = Path(trainer.default_root_dir).parts
        callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # Trainer sets it in its connector
        protocol, smoothing = next(part.options.first for part in callbacks if isinstance(part, FrameAUC))
        config |= {"experiment": experiment, "id": run_id, "protocol": protocol, "smoothing": smoothing}
        return {**config, "seed": self.seed, "git_commit": git_commit(), "syrfa": __version__}


def _runs(trainer: Trainer) -> list[Any]:
    """The W&B runs of the process that logs; W&B's own types are not needed to write into them."""
    loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
    return [logger.experiment for logger in loggers] if trainer.is_global_zero else []


def _log_result(run: Any, result: Result, pictures: list[Path]) -> None:  # noqa: ANN401 - see `_runs`
    import wandb

    for evaluation in result["evaluations"]:
        name = evaluation_name(evaluation)
        # next to the number wherever it is shown, as in the history
        run.summary.update({f"test/{name}/{flag}": 1.0 for flag in ("transductive", "oracle") if result[flag]})
        for metric, value in evaluation["metrics"].items():
            run.summary[f"test/{name}/{metric}"] = value["value"]
        run.summary[f"test/{name}/box_width/micro_auroc"] = _box_width(evaluation)
    table = wandb.Table(columns=list(COLUMNS), data=[table_row(result, each) for each in result["evaluations"]])
    run.log({"test/evaluations": table, **{f"test/{path.stem}": wandb.Image(str(path)) for path in pictures}})


def evaluation_name(evaluation: Evaluation) -> str:
    """The protocol of an evaluation as part of a key: `strict.centred`, or `strict.fused.centred` when rescaled."""
    protocol = evaluation["protocol"]
    parts = (protocol["protocol"], protocol.get("reference"), protocol["smoothing"])
    return ".".join(part for part in parts if part)


def table_row(result: Result, evaluation: Evaluation) -> list[Any]:
    """One evaluation as a row of `COLUMNS`; numbers are fractions."""
    protocol, metrics = evaluation["protocol"], evaluation["metrics"]
    micro = metrics["micro_auroc"]
    values = [metrics.get(name, {}).get("value") for name in ("macro_auroc", "auprc", "max_f1")]
    return [
        *(protocol["protocol"], protocol.get("reference"), protocol["smoothing"]),
        *(micro["value"], micro.get("ci_low"), micro.get("ci_high"), *values, micro.get("chance")),
        *(_box_width(evaluation), result["transductive"], result["oracle"]),
        evaluation.get("audit", {}).get("line", ""),
    ]


def _box_width(evaluation: Evaluation) -> float | None:
    value: float | None = evaluation["baselines"].get("box_width", {}).get("micro_auroc", {}).get("value")
    return value
