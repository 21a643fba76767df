"""fit, validate and test: LightningCLI with our modules, the tube DataModule and a run folder."""

import logging
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from lightning import Callback, Trainer
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from syrfa.errors import ConfigError, LabelError, UserError, WeightsNotFoundError
from syrfa.evaluation.callback import FrameAUC
from syrfa.evaluation.options import EvaluationOptions
from syrfa.modules import AnomalyModule
from syrfa.reporting.wandb import WandbRecord, finish_wandb, quiet_environment, wandb_logger, wandb_refusal
from syrfa.training.options import (
    allow_imports,
    brings_weights,
    check_precision,
    check_validation_interval,
    oracle_checkpoint,
    settle_checkpoint,
    settle_switches,
)
from syrfa.training.provenance import Provenance
from syrfa.training.resume import AtomicCheckpointIO, ExactResume, LastCheckpoint, RunLog
from syrfa.training.run_folder import CHECKPOINTS, RunFolder
from syrfa.training.run_record import RunRecord
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.parser import OneLineErrors, check_configs, config_names
from syrfa.utils.signals import INTERRUPTED, StopSignals

LOG_FILE_REFRESH = 100  # batches between two states of the progress bar where no terminal can overwrite them
_ADVICE = (  # of Lightning, and it does not apply here
    "does not have many workers",
    "in eval mode at the start of training",  # phase 2's frozen part
    "`torch.jit.script` is deprecated",
    "isinstance.treespec, LeafSpec",
    "exists and is not empty",
    "ModelCheckpoint with manual optimization",  # a checkpoint of ours is meant to hold the weights after the step
    "dirpath has changed from",  # a checkpoint scored from elsewhere
)
VERBS = ("fit", "validate", "test")


class _TrainerParser(OneLineErrors, LightningArgumentParser):
    pass


class SyrfaCLI(LightningCLI):
    """LightningCLI with a run folder, one seed for everything, and checkpoints that never override in silence.

    `held` takes the lock of the run folder, which a fit and the test after it hold; `after_fit`: this is that test, and
    goes on with the fit's W&B run.
    """

    def __init__(self, signals: StopSignals, held: ExitStack, after_fit: bool = False, **options: Any) -> None:  # noqa: ANN401
        self.signals, self.held, self.after_fit, self.first_step = signals, held, after_fit, 0
        super().__init__(**options)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds `run`, `evaluation`, `checkpoint` and `checkpoint_minutes`; hands the seed to model and data."""
        parser.add_class_arguments(RunFolder, "run")
        parser.add_class_arguments(EvaluationOptions, "evaluation")
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        text = "write last.ckpt when it is so old, and at every epoch's end; 0 only there"
        parser.add_argument("--checkpoint_minutes", type=float, default=5.0, help=text)
        text = "modules of your own whose classes a checkpoint may name, as mypackage.module,other"
        parser.add_argument("--allow_import", type=str | None, help=text)
        parser.set_defaults({"checkpoint.save_last": True, "checkpoint.filename": "{epoch}-{step}"})
        # a second fit must not leave its weights in last-v1.ckpt next to a stale last.ckpt
        parser.set_defaults({"checkpoint.enable_version_counter": False})
        for seed in ("model.init_args.seed", "data.seed"):
            parser.link_arguments("seed_everything", seed, compute_fn=int)

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Lightning's verbs but for predict, which is a verb of its own: see `syrfa.verbs.predict`."""
        return {verb: skipped for verb, skipped in LightningCLI.subcommands().items() if verb in VERBS}

    @property
    def options(self) -> Namespace:
        """The parsed options of the chosen verb."""
        options: Namespace = self.config[str(self.subcommand)]
        return options

    def before_instantiate_classes(self) -> None:
        """Settles the run folder, and which settings hold where a checkpoint has its own."""
        options = self.options
        checkpoint = options.get("ckpt_path")
        verb = str(self.subcommand)
        allow_imports(options)
        if checkpoint:
            self.first_step = settle_checkpoint(options, verb, Path(checkpoint))
        elif verb != "fit" and not brings_weights(options):
            raise WeightsNotFoundError(f"{verb} needs weights: give --ckpt_path a checkpoint that fit wrote")
        check_precision(options, verb)
        for line in settle_switches(options, verb):
            print(f"syrfa {verb}: {line}", file=sys.stderr)
        check_validation_interval(options)
        options.weights_only = True  # Lightning's own default would unpickle whatever a checkpoint holds
        run, seed = self._run_folder()
        options.trainer.default_root_dir = str(run.path(seed))
        options.checkpoint.dirpath = options.checkpoint.dirpath or str(run.path(seed) / CHECKPOINTS)
        if verb == "fit" and not checkpoint and not options.trainer.fast_dev_run:
            run.check_free(seed)

    def _run_folder(self) -> tuple[RunFolder, int]:
        return RunFolder(**self.options.run.as_dict()), int(self.options.seed_everything)

    def before_fit(self) -> None:
        """Takes the run folder, and clears it for a fit that starts anew, once everything it needs has been built."""
        if self.tests_after_fit:
            self._check_testable()
        if not self.options.trainer.fast_dev_run:
            run, seed = self._run_folder()
            self.held.enter_context(run.lock(seed))
            if not self.options.get("ckpt_path"):
                run.check_free(seed)  # again: another fit may have ended there since
                run.clear(seed)
        for leftover in Path(self.options.checkpoint.dirpath).glob(".*.ckpt.*.tmp"):  # of a process that was killed
            leftover.unlink(missing_ok=True)

    @property
    def tests_after_fit(self) -> bool:
        """Whether the test split is to be scored when the fit is done."""
        return self.subcommand == "fit" and bool(self.options.run.test) and not self.options.trainer.fast_dev_run

    def _check_testable(self) -> None:
        """Finds before training that there is nothing to test on, or that it cannot be tested so."""
        data = self.datamodule
        assert isinstance(data, TubeDataModule)
        dataset, use = data.dataset(data.stage_domain["test"]), data.use("test")
        if use is None or any(dataset.frame_labels(record) is None for record in dataset.videos(use.split)):
            raise LabelError(
                f"run.test: {dataset.name} has no split with frame labels to test on; set run.test to false, and "
                "score it with predict"
            )
        self._evaluation().check_test(data, self.model)

    def _evaluation(self) -> FrameAUC:
        options = self._get(self.config_init, "evaluation")
        assert isinstance(options, EvaluationOptions)
        return FrameAUC(options)

    def _set_seed(self) -> None:
        """Refuses a seed that numpy could not take."""
        if not 0 <= int(self.options.seed_everything) < 1 << 32:
            raise ConfigError(f"seed_everything={self.options.seed_everything}: give a number from 0 to 4294967295")
        super()._set_seed()

    def _parse_ckpt_path(self) -> None:
        """Lightning would read the checkpoint here, and let its settings win in silence: see `settle_checkpoint`."""

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:  # noqa: ANN401 - Trainer's own arguments
        """Adds the loggers of the run folder and the callbacks that no run goes without."""
        options = self.options
        run, seed = self._run_folder()
        if options.trainer.logger in (None, True):
            kwargs["logger"] = self._loggers(run, seed)
        if not sys.stderr.isatty() and options.trainer.enable_progress_bar is None:
            configured = self._get(self.config_init, "trainer")["callbacks"] or []
            kwargs["callbacks"] = [*configured, TQDMProgressBar(refresh_rate=LOG_FILE_REFRESH)]
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except UserError:
            raise
        except ValueError as error:  # the Trainer checks its arguments, and has no exception of its own for most
            raise ConfigError(f"trainer: {error}") from error
        extra: list[Callback] = [Provenance(str(self.subcommand), seed), ExactResume()]
        if self.subcommand in ("fit", "test"):
            text = self._parser(self.subcommand).dump(options, skip_unset=False)
            extra.append(RunRecord(str(self.subcommand), yaml.safe_load(text), list(config_names(sys.argv[1:]))))
        if run.wandb:
            extra.append(WandbRecord(seed))
        extra.append(self._evaluation())
        # checkpoints are written last, so that they hold what the other callbacks have done
        callbacks = list(trainer.callbacks)  # type: ignore[attr-defined]  # Trainer sets it in its connector
        last = LastCheckpoint(self.signals, options.checkpoint_minutes)
        trainer.callbacks = [*extra, *callbacks, last]  # type: ignore[attr-defined]
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:  # neither another strategy's nor the user's own
            trainer.strategy.checkpoint_io = AtomicCheckpointIO()
        return trainer

    def _loggers(self, run: RunFolder, seed: int) -> list[Logger] | bool:
        """The CSV of training first, which decides where config and checkpoints go; a test after a fit has W&B's."""
        if self.options.trainer.fast_dev_run or (self.subcommand != "fit" and not self.after_fit):
            return False
        folder = run.path(seed)
        loggers: list[Logger] = [] if self.after_fit else [RunLog(folder, self.first_step)]
        wandb = wandb_logger(run, folder)
        return [*loggers, wandb] if wandb is not None else loggers or False


def run_trainer(arguments: list[str], signals: StopSignals) -> int:
    """Runs fit, validate or test; `arguments` begin with the verb, and the caller has entered `signals`.

    Returns 0; or 143 after SIGTERM, 130 after an interrupt, with `last.ckpt` on disk if a batch was trained.
    """
    quiet_environment()
    check_configs(arguments)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _ADVICE:
        warnings.filterwarnings("ignore", message=f".*{message}.*")
    code, held = 1, ExitStack()
    try:
        cli = _run(arguments, signals, held)
        if cli.tests_after_fit:
            if signals.received is not None:  # during the last batch: the fit is whole, what was asked for is not
                return (code := signals.exit_code)
            # the verb itself, so that it leaves what `syrfa test` leaves
            weights = LastCheckpoint.path(cli.trainer)
            if cli.options.data.oracle:
                weights = oracle_checkpoint(cli.trainer, last=weights)
            _run(["test", *arguments[1:], f"--ckpt_path={weights}"], signals, held, after_fit=True)
        code = 0
    except SIGTERMException:  # a SystemExit, which would leave the process with 0
        code = signals.exit_code
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):  # into which Lightning turns it
            raise
        code = INTERRUPTED
    except MisconfigurationException as error:
        raise ConfigError(f"trainer: {error}") from error
    except Exception as error:
        if refusal := wandb_refusal(error):
            raise refusal from error
        raise
    finally:
        held.close()
        finish_wandb(code)
    return code


def _run(arguments: list[str], signals: StopSignals, held: ExitStack, after_fit: bool = False) -> SyrfaCLI:
    """Parses one verb and runs it."""
    sys.argv = [sys.argv[0], *arguments]
    mode = {"parser_mode": "omegaconf"}
    return SyrfaCLI(
        signals,
        held,
        after_fit=after_fit,
        model_class=AnomalyModule,
        datamodule_class=TubeDataModule,
        subclass_mode_model=True,
        seed_everything_default=0,
        auto_configure_optimizers=False,
        load_from_checkpoint_support=False,
        save_config_kwargs={"overwrite": True, "config_filename": f"config_{arguments[0]}.yaml"},
        parser_class=_TrainerParser,
        parser_kwargs={"prog": "syrfa", **mode, **dict.fromkeys(VERBS, mode)},
    )
