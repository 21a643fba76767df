"""Every checkpoint carries the recipe of its weights, and a result the recipe of its numbers."""

from collections.abc import Sequence
from typing import Any

from lightning import Callback, LightningModule, Trainer

from syrfa.evaluation.collector import data_of
from syrfa.modules.checkpoint import read_checkpoint
from syrfa.training.chain import RECIPE, Chain, NoRecipeError, stored_steps
from syrfa.training.recipe import Places
from syrfa.training.step import Step, make_step
from syrfa.tubes.datamodule import STAGES_OF


class RecipeKeeper(Callback):
    """Writes down how a fit or a test is made, from the options and from the checkpoints that they name.

    Args:
        verb: fit or test; another verb keeps nothing.
        options: as parsed, as plain values.
        configs: the config files that they come from.
    """

    def __init__(self, verb: str, options: dict[str, Any], configs: Sequence[str]) -> None:
        self.verb, self.given, self.configs = verb, options, configs
        self.steps: list[Step] | None = None
        self.reason: str | None = "nothing was fitted"

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Makes the steps of a fit, itself the last, once the data are known."""
        del pl_module
        if self.verb == "fit" and stage == "fit":
            try:
                self.steps, self.reason = self._fit_steps(trainer), None
            except NoRecipeError as error:
                self.steps, self.reason = None, str(error)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Puts them into the checkpoint, or the reason why there are none."""
        del trainer, pl_module
        checkpoint[RECIPE] = {"steps": self.steps, "reason": self.reason}

    def of_test(self, trainer: Trainer) -> tuple[dict[str, Any] | None, str | None]:
        """The recipe of the test at hand, or None and the reason."""
        if self.verb != "test":
            return None, f"it was tested within `{self.verb}`, whose options are not those of a test"
        chain = Chain(Places(self.configs))
        try:
            options = chain.options(self.given, fits=False)
        except NoRecipeError as error:
            return None, str(error)
        data = data_of(trainer)
        calibrated = bool((options.get("evaluation") or {}).get("calibration"))
        stages = (*STAGES_OF["test"], "normals") if calibrated else STAGES_OF["test"]
        step = make_step("test", options, data, stages, chain.files, trainer, chain.places)
        return {"steps": [*chain.steps, step]}, None

    def _fit_steps(self, trainer: Trainer) -> list[Step]:
        chain = Chain(Places(self.configs))
        options = chain.options(self.given, fits=True)
        data = data_of(trainer)
        path = self.given.get("ckpt_path")
        if not path:
            return [*chain.steps, make_step("fit", options, data, STAGES_OF["fit"], chain.files, trainer, chain.places)]
        *before, earlier = stored_steps(read_checkpoint(path), str(path).rpartition("/")[2])
        # equal, or the fit would not resume; but only the earlier part says what the weights started from
        options["model"] = earlier["options"]["model"]
        step = make_step("fit", options, data, STAGES_OF["fit"], earlier["files"], trainer, chain.places)
        changed = {*earlier.get("changed_on_resume", ()), *_differences(earlier["options"], options)}
        changed |= {key for key, value in step["environment"].items() if value != earlier["environment"].get(key)}
        return [*before, {**step, "changed_on_resume": sorted(changed)} if changed else step]


def recipe_of(trainer: Trainer) -> tuple[dict[str, Any] | None, str | None]:
    """The recipe of a test that `trainer` runs, or None and the reason."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # Trainer sets it in its connector
        if isinstance(callback, RecipeKeeper):
            return callback.of_test(trainer)
    return None, "the test was not started by the command line, so that its options are not known"


def _differences(one: object, other: object, name: str = "") -> list[str]:
    """The dotted names under which two trees of options differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key), other.get(key)) for key in sorted(one.keys() | other.keys())]
        return [found for key, a, b in pairs for found in _differences(a, b, f"{name}.{key}" if name else str(key))]
    return [] if one == other else [name]
