"""Where a run's files go: `<root>/<experiment>/<id>/`."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from syrfa.engine import folder_lock
from syrfa.errors import ConfigError

CHECKPOINTS = "checkpoints"
RESULT = "result.json"
TRAINING_LOG = "metrics.csv"
RESULT_SCHEMA = 2


@dataclass
class RunFolder:
    """The folder of a run.

    Attributes:
        root: the folder of all runs.
        experiment: the name of the experiment.
        id: the name of this run of it; `seed<N>` by default.
        overwrite: let a fit start anew in a folder that holds an earlier fit's checkpoints.
        wandb: also log to Weights & Biases, offline unless WANDB_MODE=online.
        test: of `fit`: score the test split when it is done, as the verb `test` would with the last checkpoint.
    """

    root: str = "runs"
    experiment: str = "experiment"
    id: str | None = None
    overwrite: bool = False
    wandb: bool = False
    test: bool = False

    def path(self, seed: int) -> Path:
        """The run's folder."""
        return Path(self.root) / self.experiment / (self.id or f"seed{seed}")

    def check_free(self, seed: int) -> None:
        """ConfigError where a fit would start over the checkpoints of an earlier one, unless `overwrite` is on."""
        folder = self.path(seed) / CHECKPOINTS
        if not self.overwrite and any(folder.glob("*.ckpt")):
            raise ConfigError(
                f"{folder} holds the checkpoints of an earlier fit; resume it with --ckpt_path {folder}/last.ckpt, "
                "choose another --run.id, or set --run.overwrite true"
            )

    def lock(self, seed: int) -> contextlib.AbstractContextManager[None]:
        """Keeps a second fit out (ConfigError) of the run's folder; of the processes of a fit the first locks it."""
        # slow to import, and readers of results need none
        from lightning.fabric.utilities.rank_zero import rank_zero_only

        first = getattr(rank_zero_only, "rank", 0) == 0
        return folder_lock(self.path(seed)) if first else contextlib.nullcontext()

    def clear(self, seed: int) -> None:
        """Removes an earlier fit's result and checkpoints."""
        folder = self.path(seed)
        # the result first: it must never lie next to weights that it was not made from
        for path in [folder / RESULT, *(folder / CHECKPOINTS).glob("*.ckpt")]:
            path.unlink(missing_ok=True)
