"""What `experiments/tables.yaml` says: the paper's numbers, how the rows that are ours are run, what figures show."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from syrfa.errors import ConfigError, DataNotFoundError, in_one_line

DEFAULT_SIZE = "small"
FIGURES = ("fig3", "fig4")
Thing = TypeVar("Thing")


class Stage(Enum):
    """What a run trains: phase 1, phase 2 from a run of phase 1, or gradient reversal in place of both."""

    knowledge = "knowledge"
    adapt = "adapt"
    grl = "grl"


@dataclass
class ReadingSpec:
    """A protocol and a smoothing that every row is printed under."""

    protocol: str = MISSING
    smoothing: str = MISSING


@dataclass
class SizeSpec:
    """How large the runs of a data set are.

    Attributes:
        all: config files over every run.
        knowledge: config files over phase 1, and so on for the other stages.
        worlds: generated worlds in place of the data set's own, folder -> preset.
        folder: a folder within the data folder in which those lie, so that they do not take the place of larger ones.
    """

    all: list[str] = field(default_factory=list)
    knowledge: list[str] = field(default_factory=list)
    adapt: list[str] = field(default_factory=list)
    grl: list[str] = field(default_factory=list)
    worlds: dict[str, str] = field(default_factory=dict)
    folder: str = ""


@dataclass
class DataSetSpec:
    """A data set that tables can be made of.

    Attributes:
        title: as in the literature.
        data: config files of source and target.
        worlds: generated worlds that it needs, folder -> preset.
        stages: the experiment's config file of each stage.
        test: options of `test` alone.
        sizes: by name.
        obtain: where it says how the data are had; empty where they are generated.
    """

    title: str = MISSING
    data: list[str] = MISSING
    worlds: dict[str, str] = field(default_factory=dict)
    stages: dict[Stage, list[str]] = MISSING
    test: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, SizeSpec] = MISSING
    obtain: str = ""


@dataclass
class RunSpec:
    """A fit and its test, for any data set and seed.

    Attributes:
        stage: what it trains.
        start: of phase 2, the run that it starts from.
        configs: config files over those of stage and size.
        options: options over all config files.
        test: options of its `test` alone, over those of the data set.
    """

    stage: Stage = MISSING
    start: str | None = None
    configs: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    test: dict[str, Any] = field(default_factory=dict)


@dataclass
class RowSpec:
    """A row of a table.

    Attributes:
        name: as in the paper.
        group: the heading it stands under.
        run: the run whose results it shows; None for a row that the paper cites.
        extension: ours, and not in the paper.
        paper: the paper's numbers in per cent, data set -> metric -> number.
    """

    name: str = MISSING
    group: str = ""
    run: str | None = None
    extension: bool = False
    paper: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass
class TableSpec:
    """A table of the paper.

    Attributes:
        title: its caption.
        metrics: names as in a result's `metrics`.
        rows: in the paper's order, ours behind.
        notes: what a reader has to know of it.
        notes_of: the same, for one data set alone.
    """

    title: str = MISSING
    metrics: list[str] = MISSING
    rows: list[RowSpec] = MISSING
    notes: list[str] = field(default_factory=list)
    notes_of: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Spec:
    """All of the file.

    Attributes:
        readings: what every row is printed under.
        datasets: by name.
        runs: by name.
        tables: by name.
        figures: fig3 and fig4 -> name of a picture -> the runs it shows.
    """

    readings: list[ReadingSpec] = MISSING
    datasets: dict[str, DataSetSpec] = MISSING
    runs: dict[str, RunSpec] = MISSING
    tables: dict[str, TableSpec] = MISSING
    figures: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def dataset(self, name: str) -> DataSetSpec:
        """The data set of that name.

        Raises:
            ConfigError: there is none.
        """
        return _named(self.datasets, name, "data set")

    def table(self, name: str) -> TableSpec:
        """The table of that name.

        Raises:
            ConfigError: there is none.
        """
        return _named(self.tables, name, "table", (*self.tables, *self.figures))

    def size(self, dataset: str, name: str) -> SizeSpec:
        """A size of a data set.

        Raises:
            ConfigError: there is none of that name.
        """
        return _named(self.dataset(dataset).sizes, name, f"size of {dataset}")


def read_spec(path: Path) -> Spec:
    """Reads and checks the file.

    Raises:
        DataNotFoundError: there is no such file.
        ConfigError: it is no YAML, has unknown keys or values of another type, or a row or run names a run that is not
            there.
    """
    if not path.is_file():
        raise DataNotFoundError(f"{path}: there is no such file; run from the folder of the repository, or give --spec")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        merged = OmegaConf.merge(OmegaConf.structured(Spec), content)
        spec: Spec = OmegaConf.to_object(merged)  # type: ignore[assignment]  # of the structure it was merged into
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: {in_one_line(error)}") from error
    except OmegaConfBaseException as error:
        raise ConfigError(f"{path}: {error.full_key or 'top'}: {str(error).splitlines()[0]}") from error
    _check(spec, path)
    return spec


def _check(spec: Spec, path: Path) -> None:
    for name, run in spec.runs.items():
        if (run.start is not None) != (run.stage is Stage.adapt):
            raise ConfigError(f"{path}: runs.{name}: phase 2, and nothing else, has a run to start from")
        if run.start is not None and (run.start not in spec.runs or spec.runs[run.start].stage is not Stage.knowledge):
            raise ConfigError(f"{path}: runs.{name}.start: {run.start} is no run of phase 1")
    for name, table in spec.tables.items():
        for row in table.rows:
            if row.run is not None and row.run not in spec.runs:
                raise ConfigError(
                    f"{path}: tables.{name}: row '{row.name}' shows the run {row.run}, which is not there"
                )
    for name, pictures in spec.figures.items():
        if name not in FIGURES:
            raise ConfigError(f"{path}: figures.{name}: there is no such figure; choose from {', '.join(FIGURES)}")
        for picture, runs in pictures.items():
            for shown in runs:
                if shown not in spec.runs:
                    raise ConfigError(f"{path}: figures.{name}.{picture}: shows the run {shown}, which is not there")


def _named(things: dict[str, Thing], name: str, what: str, choice: Iterable[str] = ()) -> Thing:
    if name not in things:
        raise ConfigError(f"{what} '{name}': there is none of that name; choose from {', '.join(choice or things)}")
    return things[name]
