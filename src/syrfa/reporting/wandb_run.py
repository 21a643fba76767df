"""The W&B run of a fit: made offline unless WANDB_MODE=online, ended with the process's exit code."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syrfa.errors import ConfigError
from syrfa.training.run_folder import RunFolder

if TYPE_CHECKING:
    from lightning.pytorch.loggers import WandbLogger

# of what W&B collects by itself: no asking of a cloud's metadata server, no upload of the program's source
_QUIET: dict[str, Any] = {
    "x_disable_machine_info": True,
    "x_stats_coreweave_metadata_base_url": "http://127.0.0.1:9",
    "save_code": False,
}


def quiet_environment() -> None:
    """Sets W&B offline and its error reports off, where the environment does not say otherwise."""
    os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")


def wandb_logger(run: RunFolder, folder: Path) -> "WandbLogger | None":
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
    from lightning.pytorch.loggers import WandbLogger

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
