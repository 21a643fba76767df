"""What W&B is told besides the logged metrics: where the run came from, and what its test found."""

from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from syrfa import __version__
from syrfa.evaluation.callback import FrameAUC
from syrfa.evaluation.collector import data_of, is_partial
from syrfa.evaluation.result import Evaluation, Result, read_result
from syrfa.modules import AnomalyModule
from syrfa.training.provenance import git_commit
from syrfa.tubes.datamodule import STAGES_OF

COLUMNS = (
    *("protocol", "reference", "smoothing", "micro_auroc", "ci_low", "ci_high", "macro_auroc", "auprc", "max_f1"),
    *("chance", "box_width", "transductive", "oracle", "audit"),
)


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
        """Logs the readings of `result.json` and the pictures beside it."""
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

    for reading in result["evaluations"]:
        name = reading_name(reading)
        # beside the number wherever it is shown, as in the history
        run.summary.update({f"test/{name}/{flag}": 1.0 for flag in ("transductive", "oracle") if result[flag]})
        for metric, value in reading["metrics"].items():
            run.summary[f"test/{name}/{metric}"] = value["value"]
        run.summary[f"test/{name}/box_width/micro_auroc"] = _box_width(reading)
    table = wandb.Table(columns=list(COLUMNS), data=[table_row(result, reading) for reading in result["evaluations"]])
    run.log({"test/readings": table, **{f"test/{path.stem}": wandb.Image(str(path)) for path in pictures}})


def reading_name(reading: Evaluation) -> str:
    """The protocol of a reading as part of a key: `strict.centred`, or `strict.local.centred` when calibrated."""
    protocol = reading["protocol"]
    parts = (protocol["protocol"], protocol.get("reference"), protocol["smoothing"])
    return ".".join(part for part in parts if part)


def table_row(result: Result, reading: Evaluation) -> list[Any]:
    """One reading as a row of `COLUMNS`; numbers are fractions."""
    protocol, metrics = reading["protocol"], reading["metrics"]
    micro = metrics["micro_auroc"]
    values = [metrics.get(name, {}).get("value") for name in ("macro_auroc", "auprc", "max_f1")]
    return [
        *(protocol["protocol"], protocol.get("reference"), protocol["smoothing"]),
        *(micro["value"], micro.get("ci_low"), micro.get("ci_high"), *values, micro.get("chance"), _box_width(reading)),
        *(result["transductive"], result["oracle"], reading.get("audit", {}).get("line", "")),
    ]


def _box_width(reading: Evaluation) -> float | None:
    value: float | None = reading["baselines"].get("box_width", {}).get("micro_auroc", {}).get("value")
    return value
