"""Which runs tables are made of: each once, with its commands and a hash of all that decides its numbers."""

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syrfa.errors import ConfigError
from syrfa.files import sha256_file, sha256_json
from syrfa.run_folder import CHECKPOINTS
from syrfa.tables.spec import RunSpec, SizeSpec, Spec, Stage
from syrfa.world.presets import VERSION

Command = tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A fit and its test, for one data set and one seed.

    Attributes:
        name: of `tables.yaml`.
        experiment: as in its folder and in its result.
        seed: of the fit.
        folder: where its files go.
        start: the run of phase 1 that it starts from.
        shown: a row shows it, so that it is tested; others are only started from.
        recipe: hash of everything but the seed that decides its numbers: the contents of the config files, the options,
            the recipe of the run it starts from, the generated worlds. Neither code nor places are part of it.
        fit: arguments of `python -m syrfa`.
        test: the same.
    """

    name: str
    experiment: str
    seed: int
    folder: Path
    start: "Run | None"
    shown: bool
    recipe: str
    fit: Command
    test: Command

    @property
    def hash(self) -> str:
        """Recipe and seed."""
        return sha256_json([self.recipe, self.seed])

    @property
    def checkpoint(self) -> Path:
        """What `fit` leaves, and `test` and phase 2 start from."""
        return self.folder / CHECKPOINTS / "last.ckpt"

    def resume(self) -> Command:
        """`fit`, going on from its last checkpoint."""
        kept = (argument for argument in self.fit if not argument.startswith("--run.overwrite"))
        return (*kept, f"--ckpt_path={self.checkpoint}")


@dataclass(frozen=True)
class Plan:
    """What has to be done for some tables of one data set.

    Attributes:
        dataset: its name.
        tables: names.
        seeds: of every run.
        size: name of the size.
        runs: in an order in which every run stands behind the one it starts from.
        preparation: commands before the runs: worlds to generate, tube caches to build.
        environment: variables that the commands need beside the process's own.
    """

    dataset: str
    tables: tuple[str, ...]
    seeds: tuple[int, ...]
    size: str
    runs: tuple[Run, ...]
    preparation: tuple[Command, ...]
    environment: dict[str, str]


def make_plan(
    spec: Spec,
    root: Path,
    dataset: str,
    tables: Sequence[str],
    seeds: Sequence[int],
    size: str,
    out: Path,
    overrides: Sequence[str] = (),
) -> Plan:
    """Plans some tables.

    Args:
        spec: of `tables.yaml`.
        root: the folder that its file names start from.
        dataset: one of the spec's.
        tables: of the spec.
        seeds: of every run.
        size: one of the data set's.
        out: the folder of all runs.
        overrides: options of every fit and test, behind all others.

    Raises:
        ConfigError: a name is unknown, or a config file is not there.
    """
    chosen, sized = spec.dataset(dataset), spec.size(dataset, size)
    shown = {row.run for table in tables for row in spec.table(table).rows if row.run is not None}
    wanted = shown | {start for start in (spec.runs[name].start for name in shown) if start is not None}
    names = sorted(wanted, key=lambda name: (spec.runs[name].start is not None, list(spec.runs).index(name)))
    maker = _Maker(spec, root, dataset, sized, out, tuple(overrides))
    runs: dict[tuple[str, int], Run] = {}
    for name in names:
        for seed in seeds:
            start = spec.runs[name].start
            before = runs[start, seed] if start is not None else None
            runs[name, seed] = maker.make(name, seed, before, shown=name in shown)
    environment, folder = {}, Path(os.environ.get("SYRFA_DATA", "data/raw"))
    if sized.folder:
        folder = folder / sized.folder
        environment["SYRFA_DATA"] = str(folder)
    worlds = sized.worlds or chosen.worlds
    generate = [("generate", f"--preset={preset}", f"--out={folder / world}") for world, preset in worlds.items()]
    data = [o for o in overrides if o.startswith("--data.")]
    prepare = ("prepare", *_configs(root, chosen.data), "--data.train_on=both", *data)
    preparation = (*generate, prepare)
    return Plan(dataset, tuple(tables), tuple(seeds), size, tuple(runs.values()), preparation, environment)


@dataclass(frozen=True)
class _Maker:
    spec: Spec
    root: Path
    dataset: str
    sized: SizeSpec
    out: Path
    overrides: tuple[str, ...]

    def make(self, name: str, seed: int, start: Run | None, shown: bool) -> Run:
        run, dataset = self.spec.runs[name], self.spec.dataset(self.dataset)
        files = self._files(run)
        options = [f"--{key}={_text(value)}" for key, value in run.options.items()]
        test_options = [f"--{key}={_text(value)}" for key, value in {**dataset.test, **run.test}.items()]
        content = {
            "configs": [sha256_file(self.root / file) for file in files],
            "options": options,
            "test": test_options,
            "overrides": self.overrides,
            "start": start.recipe if start else None,
            "worlds": dict(self.sized.worlds or dataset.worlds),
            "generator": VERSION,
        }
        experiment = f"{self.dataset}_{name}"
        folder = self.out / experiment / f"seed{seed}"
        place = [f"--run.root={self.out}", f"--run.experiment={experiment}", f"--seed_everything={seed}"]
        weights = [f"--model.init_args.knowledge_ckpt={start.checkpoint}"] if start else []
        common = [*_configs(self.root, files), *options, *place]
        fit = ("fit", *common, *weights, "--run.overwrite=true", *self.overrides)
        checkpoint = f"--ckpt_path={folder / CHECKPOINTS / 'last.ckpt'}"
        test = ("test", *common, *test_options, checkpoint, *self.overrides)
        return Run(name, experiment, seed, folder, start, shown, sha256_json(content), fit, test)

    def _files(self, run: RunSpec) -> list[str]:
        dataset, stage = self.spec.dataset(self.dataset), run.stage
        if stage not in dataset.stages:
            raise ConfigError(f"data set {self.dataset}: has no config file of the stage {stage.value}")
        own = {Stage.knowledge: self.sized.knowledge, Stage.adapt: self.sized.adapt, Stage.grl: self.sized.grl}
        files = [*dataset.data, *dataset.stages[stage], *self.sized.all, *own[stage], *run.configs]
        for file in files:
            if not (self.root / file).is_file():
                raise ConfigError(f"{self.root / file}: there is no such config file")
        return files


def read_overrides(text: str) -> list[str]:
    """Options as `trainer.precision=32-true data.num_workers=2`, each with or without dashes before it.

    Raises:
        ConfigError: one has no value.
    """
    options = [f"--{token.removeprefix('--')}" for token in shlex.split(text)]
    for option in options:
        if "=" not in option:
            raise ConfigError(f"overrides: {option.removeprefix('--')} has no value; write key=value")
    return options


def read_seeds(text: str) -> list[int]:
    """Seeds as `1,2,3` or `1 2 3`, each once.

    Raises:
        ConfigError: there is none, or one is no seed.
    """
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and int(word) < 1 << 32 for word in words):
        raise ConfigError(f"seeds '{text}': give numbers from 0 to 4294967295, as 1,2,3")
    return sorted({int(word) for word in words})


def _configs(root: Path, files: Iterable[str]) -> list[str]:
    return [f"--config={root / file}" for file in files]


def _text(value: Any) -> str:  # noqa: ANN401 - a scalar of YAML
    return str(value).lower() if isinstance(value, bool) else str(value)
