"""Which runs tables and figures are made of: each once, with its commands and a hash of its configuration."""

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syrfa.errors import ConfigError
from syrfa.reporting.spec import RunSpec, SizeSpec, Spec, Stage
from syrfa.reporting.tested_data import Tested, data_section, fixed_places, tested_data
from syrfa.training.run_folder import CHECKPOINTS
from syrfa.utils.files import sha256_file, sha256_json
from syrfa.world.presets import VERSION

Command = tuple[str, ...]
THREADS = "OMP_NUM_THREADS"
# what a table settles for itself, and what would bring in a file whose content no hash knows
_SETTLED = re.compile(
    r"(c|config|ckpt_path|seed_everything|data\.oracle|run|checkpoint|data|model|trainer|evaluation"
    r"|model\.(init_args\.)?knowledge_ckpt)=|(run|checkpoint)\."
)


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
        recipe: hash of its configuration but the seed: the contents of the config files, the options, the recipe of the
            run it starts from, the generated worlds, the threads where they are not one. Neither code nor places are
            part of it, nor the content of data that are not generated: see `tested`.
        fit: arguments of `python -m syrfa`.
        test: the same.
        tested: the manifest's hash and the cache key of the tested split at hand; None where it is not there.
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
    tested: Tested | None = None

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
    """What has to be done for some tables and figures of one data set.

    Attributes:
        dataset: its name.
        tables: names.
        figures: names.
        seeds: of every run.
        size: name of the size.
        runs: in an order in which every run stands behind the one it starts from.
        preparation: commands before the runs: worlds to generate, tube caches to build.
        environment: variables that the commands need beside the process's own: the same sums however many processes
            share the machine take one thread, unless the caller's environment says another number.
    """

    dataset: str
    tables: tuple[str, ...]
    figures: tuple[str, ...]
    seeds: tuple[int, ...]
    size: str
    runs: tuple[Run, ...]
    preparation: tuple[Command, ...]
    environment: dict[str, str]


def make_plan(
    spec: Spec,
    root: Path,
    dataset: str,
    names: Sequence[str],
    seeds: Sequence[int],
    size: str,
    out: Path,
    overrides: Sequence[str] = (),
    threads: str | None = None,
    look_at_data: bool = True,
) -> Plan:
    """Plans some tables and figures.

    Args:
        spec: of `tables.yaml`.
        root: the folder that its file names start from.
        dataset: one of the spec's.
        names: of tables and figures of the spec.
        seeds: of every run.
        size: one of the data set's.
        out: the folder of all runs.
        overrides: options of every fit and test, behind all others.
        threads: of every process; those of the environment, or one, by default.
        look_at_data: tell which copy is at hand, see `Run.tested`.

    Raises:
        ConfigError: a name is unknown, or a config file is not there.
    """
    chosen, sized = spec.dataset(dataset), spec.size(dataset, size)
    figures = tuple(name for name in names if name in spec.figures)
    tables = tuple(name for name in names if name not in spec.figures)
    shown = {row.run for table in tables for row in spec.table(table).rows if row.run is not None}
    shown |= {run for figure in figures for runs in spec.figures[figure].values() for run in runs}
    wanted = shown | {start for start in (spec.runs[name].start for name in shown) if start is not None}
    ordered = sorted(wanted, key=lambda name: (spec.runs[name].start is not None, list(spec.runs).index(name)))
    environment, folder = {}, Path(os.environ.get("SYRFA_DATA", "data/raw"))
    worlds = sized.worlds or chosen.worlds
    if sized.folder:
        folder = folder / sized.folder
        environment["SYRFA_DATA"] = str(folder)
    environment[THREADS] = threads or os.environ.get(THREADS) or "1"
    maker = _Maker(spec, root, dataset, sized, out, tuple(overrides), environment, look_at_data)
    runs: dict[tuple[str, int], Run] = {}
    for name in ordered:
        for seed in seeds:
            start = spec.runs[name].start
            before = runs[start, seed] if start is not None else None
            runs[name, seed] = maker.make(name, seed, before, shown=name in shown)
    generate = [("generate", f"--preset={preset}", f"--out={folder / world}") for world, preset in worlds.items()]
    data = [*maker.fixed, *(o for o in overrides if o.startswith("--data."))]
    prepare = ("prepare", *_configs(root, chosen.data), "--data.train_on=both", *data)
    preparation = (*generate, prepare)
    return Plan(dataset, tables, figures, tuple(seeds), size, tuple(runs.values()), preparation, environment)


@dataclass(frozen=True)
class _Maker:
    spec: Spec
    root: Path
    dataset: str
    sized: SizeSpec
    out: Path
    overrides: tuple[str, ...]
    environment: dict[str, str]
    look_at_data: bool
    known: dict[str, Tested | None] = field(default_factory=dict)

    @property
    def fixed(self) -> list[str]:
        """Options that keep real data in their place."""
        dataset = self.spec.dataset(self.dataset)
        files = [self.root / file for file in dataset.data]
        return fixed_places(files, self.sized.worlds or dataset.worlds) if self.sized.folder else []

    def make(self, name: str, seed: int, start: Run | None, shown: bool) -> Run:
        run, dataset = self.spec.runs[name], self.spec.dataset(self.dataset)
        files = self._files(run)
        options = [f"--{key}={_text(value)}" for key, value in run.options.items()]
        test_options = [f"--{key}={_text(value)}" for key, value in {**dataset.test, **run.test}.items()]
        threads = self.environment[THREADS]
        content = {
            "configs": [sha256_file(self.root / file) for file in files],
            "options": options,
            "test": test_options,
            "overrides": self.overrides,
            "start": start.recipe if start else None,
            "worlds": dict(self.sized.worlds or dataset.worlds),
            "generator": VERSION,
            **({} if threads == "1" else {"threads": threads}),
        }
        experiment = f"{self.dataset}_{name}"
        folder = self.out / experiment / f"seed{seed}"
        place = [f"--run.root={self.out}", f"--run.experiment={experiment}", f"--seed_everything={seed}"]
        weights = [f"--model.init_args.knowledge_ckpt={start.checkpoint}"] if start else []
        common = [*_configs(self.root, files), *self.fixed, *options, *place]
        fit = ("fit", *common, *weights, "--run.overwrite=true", *self.overrides)
        checkpoint = f"--ckpt_path={folder / CHECKPOINTS / 'last.ckpt'}"
        test = ("test", *common, *test_options, checkpoint, *self.overrides)
        tested = self._tested(files, test)
        return Run(name, experiment, seed, folder, start, shown, sha256_json(content), fit, test, tested)

    def _tested(self, files: list[str], test: Command) -> Tested | None:
        """What the command will be tested on; looked up once for all runs that have the same."""
        options = [option for option in test if option.startswith("--data.")]
        if not self.look_at_data:
            return None
        section = data_section([self.root / file for file in files], options, self.environment)
        if section is None:
            return None
        if section not in self.known:
            self.known[section] = tested_data(section)
        return self.known[section]

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
        ConfigError: one has no value, or is of what tables settle themselves.
    """
    try:
        tokens = [token.lstrip("-") for token in shlex.split(text)]
    except ValueError as error:
        raise ConfigError(f"overrides: {text}: {error}") from error
    for token in tokens:
        if "=" not in token:
            raise ConfigError(f"overrides: {token} has no value; write key=value")
        if _SETTLED.match(token):
            raise ConfigError(
                f"overrides: {token.partition('=')[0]}: tables choose checkpoints, folders and seeds themselves, and "
                "take no config files; give options of the trainer, the model or the data, as trainer.precision=32-true"
            )
    return [f"--{token}" for token in tokens]


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
