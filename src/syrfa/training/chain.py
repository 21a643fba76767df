"""The steps behind a step: every checkpoint that a run starts from brings the steps that made it."""

from pathlib import Path
from typing import Any

from syrfa.modules.checkpoint import is_ours, read_plain
from syrfa.training.recipe import Places
from syrfa.utils.files import sha256_file

RECIPE = "syrfa_recipe"  # the checkpoint's key
WEIGHTS = ("knowledge_ckpt", "pretrained")  # arguments of modules that name a file of weights
MEMBERS = "members"  # and of one that names several
_OURS = "checkpoint:"
# where this run's files go and how it is watched; nothing of it changes a number
OWN_PLACES = {
    "": ("config", "ckpt_path", "weights_only", "verbose", "return_predictions"),
    "trainer": ("default_root_dir", "logger", "enable_progress_bar"),
    "checkpoint": ("dirpath",),
}
RUN = ("experiment", "id")  # what a result says of `run`


class NoRecipeError(Exception):
    """A checkpoint does not say how it was made; the text says why."""


class Chain:
    """Gathers the steps behind a run while its options are written down.

    Args:
        places: takes this machine's paths out.

    Attributes:
        steps: what has to be run first, in order, none twice.
        files: weights that no fit of ours wrote, `place` and `sha256` of each.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.steps: list[dict[str, Any]] = []
        self.files: list[dict[str, str]] = []

    def options(self, options: dict[str, Any], *, fits: bool) -> dict[str, Any]:
        """The options as a recipe has them: no place of this machine, and references where files of weights stood.

        Args:
            options: of one verb, as parsed, as plain values.
            fits: the verb is `fit`, whose `ckpt_path` is an earlier part of the same fit.

        Raises:
            NoRecipeError: a checkpoint that the options name does not say how it was made.
        """
        kept = {section: value for section, value in options.items() if section not in OWN_PLACES[""]}
        for section, names in OWN_PLACES.items():
            if isinstance(kept.get(section), dict):
                kept[section] = {name: value for name, value in kept[section].items() if name not in names}
        kept["run"] = {name: value for name, value in (options.get("run") or {}).items() if name in RUN}
        model = dict(kept["model"])
        arguments = dict(model.get("init_args") or {})
        for name in WEIGHTS:
            if arguments.get(name):
                arguments[name] = self.refer(arguments[name])
        if arguments.get(MEMBERS):
            arguments[MEMBERS] = [self.refer(path) for path in arguments[MEMBERS]]
        kept["model"] = {**model, "init_args": arguments}
        if options.get("ckpt_path") and not fits:
            kept["ckpt_path"] = self.refer(options["ckpt_path"])
        written: dict[str, Any] = self.places.abstract(kept)
        return written

    def refer(self, path: str) -> str:
        """The reference to a file of weights: `checkpoint:<step>@<batches>`, or its place where it is not ours.

        Raises:
            NoRecipeError: see `options`.
        """
        content = read_plain(path, "give the .ckpt file that a fit wrote")
        if not isinstance(content, dict) or not is_ours(content):
            place = str(self.places.abstract(str(path)))
            self.files.append({"place": place, "sha256": sha256_file(Path(path))})
            return place
        steps = stored_steps(content, Path(path).name)
        self.steps += [step for step in steps if step["id"] not in {known["id"] for known in self.steps}]
        return reference(steps[-1], trained_batches(content))


def stored_steps(checkpoint: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The steps in a checkpoint, the fit that wrote it last.

    Raises:
        NoRecipeError: it has none.
    """
    recipe = checkpoint.get(RECIPE)
    if recipe is None:
        raise NoRecipeError(f"{name} was written by a version of syrfa that kept no recipe; fit it again")
    if recipe["steps"] is None:
        raise NoRecipeError(str(recipe["reason"]))
    return list(recipe["steps"])


def trained_batches(checkpoint: dict[str, Any]) -> int:
    """The number of batches behind a checkpoint's weights."""
    return int(checkpoint["state_dict"]["batches_seen"])


def reference(step: dict[str, Any], batches: int) -> str:
    """What stands in the options in place of a checkpoint that `step` left after so many batches."""
    return f"{_OURS}{step['id']}@{batches}"


def referred(value: object) -> tuple[str, int] | None:
    """The step and the batches of a reference; None of anything else."""
    if not isinstance(value, str) or not value.startswith(_OURS):
        return None
    step, _, batches = value.removeprefix(_OURS).partition("@")
    return (step, int(batches)) if batches.isascii() and batches.isdigit() and len(batches) < 16 else (step, -1)
