"""Which runs tables and figures are made of: each once, with its commands and a hash of its configuration."""

import os
import re
import shlex
import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import OmegaConf

from syrfa.errors import ConfigError, UserError
from syrfa.reporting.table_spec import DEFAULT_SIZE, Spec, named
from syrfa.training.run_folder import CHECKPOINTS
from syrfa.utils.files import sha256_json
from syrfa.world.presets import VERSION

if TYPE_CHECKING:
    from syrfa.tubes.datamodule import TubeDataModule

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

    `configuration` is a hash of what decides its numbers, but for seed, code and data: the content of the config files,
    the options, the configuration that it starts from, the generated worlds, the threads where not one.
    """

    name: str
    experiment: str
    seed: int
    folder: Path
    start: "Run | None"  # of phase 1
    shown: bool  # by a row, so that it is tested; others are only started from
    configuration: str
    fit: Command
    test: Command

    @property
    def hash(self) -> str:
        """Of configuration and seed."""
        return sha256_json([self.configuration, self.seed])

    @property
    def checkpoint(self) -> Path:
        """What `fit` leaves, and `test` and phase 2 start from."""
        return self.folder / CHECKPOINTS / "last.ckpt"

    def resume(self) -> Command:
        """`fit`, going on from its last checkpoint."""
        same = (argument for argument in self.fit if not argument.startswith("--run.overwrite"))
        return (*same, f"--ckpt_path={self.checkpoint}")


@dataclass(frozen=True)
class DataAtHand:
    """What config files describe of source and target."""

    files: Sequence[Path]
    options: Sequence[str]  # `--data.key=value` over the files
    generated: Collection[str]  # names of folders of worlds, which are generated where they are absent

    def copy_tested(self) -> str | None:
        """A hash of the videos, labels and boxes of the target's test split; None where they are not here."""
        try:
            target = self._open().domains["target"]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of clips that are missing, which the table names
                known = target and [target.dataset.manifest_hash(target.test_split), target.detector.identity()]
        except (UserError, OSError, ImportError):
            return None
        return sha256_json(known) if known else None

    def check(self) -> None:
        """Raises DataNotFoundError, before hours of training, where a data set that is not generated has no videos."""
        for source in self._open().domains.values():
            if source and source.dataset.root.name not in self.generated:
                for split in (source.train_split, source.test_split):
                    source.dataset.videos(split)

    def _open(self) -> "TubeDataModule":
        from syrfa.reporting.inputs import open_data  # torch is slow to import

        overrides = OmegaConf.from_dotlist([option[2:] for option in self.options])
        config = OmegaConf.merge({"data": {}}, *(OmegaConf.load(file) for file in self.files), overrides)
        content: Any = OmegaConf.to_container(config.data, resolve=True)
        return open_data(content)


@dataclass(frozen=True)
class Plan:
    """What has to be done for some tables and figures, both by name, of one data set."""

    dataset: str
    tables: tuple[str, ...]
    figures: tuple[str, ...]
    seeds: tuple[int, ...]
    size: str
    runs: tuple[Run, ...]  # each behind the one it starts from
    preparation: tuple[Command, ...]  # before the runs: worlds to generate, tube caches to build
    threads: str  # of every process; by default one, so that sums are the same however many share the machine
    data: DataAtHand


def make_plan(
    spec: Spec,
    root: Path,
    dataset: str,
    names: Sequence[str],
    seeds: Sequence[int],
    size: str = DEFAULT_SIZE,
    out: Path = Path(),
    overrides: Sequence[str] = (),
    threads: str | None = None,
) -> Plan:
    """Plans the tables and figures `names` of a spec whose file names start from `root`; all runs go into `out`.

    `overrides` are options of every fit and test, behind all others; every process has `threads`, by default those of
    the environment, or one. ConfigError where a name is unknown, or a config file is not there.
    """
    data = named(spec.datasets, dataset, "data set")
    sized = named(data.sizes, size, f"size of {dataset}")
    figures = tuple(name for name in names if name in spec.figures)
    tables = tuple(name for name in names if name not in spec.figures)
    rows = [row for name in tables for row in named(spec.tables, name, "table", spec.figures).rows]
    shown = {row.run for row in rows if row.run is not None}
    shown |= {run for figure in figures for runs in spec.figures[figure].values() for run in runs}
    starts = {spec.runs[name].start for name in shown}
    threads = threads or os.environ.get(THREADS) or "1"
    worlds = sized.worlds or data.worlds

    def make(name: str, seed: int, start: Run | None) -> Run:
        run = spec.runs[name]
        phase, test_options = run.phase.value, _options({**data.test, **run.test})
        files = [*data.data, *named(data.configs, phase, f"phase of {dataset}")]
        files += [*sized.configs.get("all", []), *sized.configs.get(phase, []), *run.configs]
        content = {
            "configs": [yaml.safe_load(_file(root, file).read_bytes()) for file in files],
            "options": _options(run.options),
            "test": test_options,
            "overrides": overrides,
            "start": start.configuration if start else None,
            "worlds": dict(worlds),
            "generator": VERSION,
            **({} if threads == "1" else {"threads": threads}),
        }
        experiment = f"{dataset}_{name}"
        folder = out / experiment / f"seed{seed}"
        common = [*_configs(root, files), *_options(sized.places), *_options(run.options)]
        common += [f"--run.root={out}", f"--run.experiment={experiment}", f"--seed_everything={seed}"]
        weights = [f"--model.init_args.knowledge_ckpt={start.checkpoint}"] if start else []
        fit = ("fit", *common, *weights, "--run.overwrite=true", *overrides)
        test = ("test", *common, *test_options, f"--ckpt_path={folder / CHECKPOINTS / 'last.ckpt'}", *overrides)
        return Run(name, experiment, seed, folder, start, name in shown, sha256_json(content), fit, test)

    runs: dict[tuple[str, int], Run] = {}
    for first in (True, False):  # those that others start from, then those that start from them
        for name in (n for n, run in spec.runs.items() if n in shown | starts and (run.start is None) is first):
            for seed in seeds:
                runs[name, seed] = make(name, seed, None if first else runs[str(spec.runs[name].start), seed])
    folder = Path(os.environ.get("SYRFA_DATA", "data/raw"))
    generate = [("generate", f"--preset={preset}", f"--out={folder / world}") for world, preset in worlds.items()]
    options = [*_options(sized.places), *(option for option in overrides if option.startswith("--data."))]
    prepare = ("prepare", *_configs(root, data.data), "--data.train_on=both", *options)
    sources = DataAtHand([_file(root, file) for file in data.data], options, {Path(world).name for world in worlds})
    made = tuple(runs.values())
    return Plan(dataset, tables, figures, tuple(seeds), size, made, (*generate, prepare), threads, sources)


def read_overrides(text: str) -> list[str]:
    """Options as `trainer.precision=32-true data.num_workers=2`; ConfigError for one that tables settle themselves."""
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
    """Seeds as `1,2,3` or `1 2 3`, each once; ConfigError where there is none, or one is no seed."""
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and int(word) < 1 << 32 for word in words):
        raise ConfigError(f"seeds '{text}': give numbers from 0 to 4294967295, as 1,2,3")
    return sorted({int(word) for word in words})


def _file(root: Path, file: str) -> Path:
    if not (root / file).is_file():
        raise ConfigError(f"{root / file}: there is no such config file")
    return root / file


def _configs(root: Path, files: Iterable[str]) -> list[str]:
    return [f"--config={root / file}" for file in files]


def _options(options: dict[str, Any]) -> list[str]:
    return [f"--{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in options.items()]
