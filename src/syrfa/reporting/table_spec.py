"""`experiments/tables.yaml`: the paper's numbers, how the rows that are ours are trained, and what figures show."""

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
Named = TypeVar("Named")


class Phase(Enum):
    """What a run trains: phase 1, phase 2 from a run of phase 1, or gradient reversal in place of both."""

    knowledge = "knowledge"
    adapt = "adapt"
    grl = "grl"


@dataclass
class EvaluationSpec:
    """A protocol and a smoothing that every row is printed under."""

    protocol: str = MISSING
    smoothing: str = MISSING


@dataclass
class SizeSpec:
    """How large the runs of a data set are."""

    configs: dict[str, list[str]] = field(default_factory=dict)  # by phase; `all` for those over every run
    worlds: dict[str, str] = field(default_factory=dict)  # in place of the data set's own
    places: dict[str, str] = field(default_factory=dict)  # options that say where they are; no hash depends on these


@dataclass
class DataSetSpec:
    """A data set that tables can be made of."""

    title: str = MISSING
    data: list[str] = MISSING  # config files of source and target
    worlds: dict[str, str] = field(default_factory=dict)  # to generate: folder within the data folder -> preset
    configs: dict[str, list[str]] = MISSING  # the experiment's config files by phase
    test: dict[str, Any] = field(default_factory=dict)  # options of `test` alone
    sizes: dict[str, SizeSpec] = MISSING


@dataclass
class RunSpec:
    """A fit and its test, for any data set and seed."""

    phase: Phase = MISSING
    start: str | None = None  # of phase 2, the run that it starts from
    configs: list[str] = field(default_factory=list)  # over those of phase and size
    options: dict[str, Any] = field(default_factory=dict)  # over all config files
    test: dict[str, Any] = field(default_factory=dict)  # of its `test` alone, over those of the data set


@dataclass
class RowSpec:
    """A row of a table."""

    name: str = MISSING
    group: str = ""
    run: str | None = None  # whose results it shows; None for a row that the paper cites
    extension: bool = False  # ours, and not in the paper
    paper: dict[str, dict[str, float]] = field(default_factory=dict)  # in per cent, data set -> metric -> number


@dataclass
class TableSpec:
    """A table of the paper."""

    title: str = MISSING
    metrics: list[str] = MISSING  # names as in a result's `metrics`
    rows: list[RowSpec] = MISSING
    notes: list[str] = field(default_factory=list)
    notes_of: dict[str, list[str]] = field(default_factory=dict)  # for one data set alone


@dataclass
class Spec:
    """All of the file."""

    evaluations: list[EvaluationSpec] = MISSING
    datasets: dict[str, DataSetSpec] = MISSING
    runs: dict[str, RunSpec] = MISSING
    tables: dict[str, TableSpec] = MISSING
    figures: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # fig3, fig4 -> picture -> runs it shows


def named(things: dict[str, Named], name: str, what: str, others: Iterable[str] = ()) -> Named:
    """The part of a spec of that name; ConfigError with those that there are, and `others`, where there is none."""
    if name not in things:
        raise ConfigError(f"{what} '{name}': there is none of that name; choose from {', '.join([*things, *others])}")
    return things[name]


def read_spec(path: Path) -> Spec:
    """Reads and checks the file: ConfigError for unknown keys, values of another type, or runs that are not there."""
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
    for problem in _problems(spec):
        raise ConfigError(f"{path}: {problem}")
    return spec


def _problems(spec: Spec) -> Iterable[str]:
    for name, run in spec.runs.items():
        if (run.start is not None) != (run.phase is Phase.adapt):
            yield f"runs.{name}: phase 2, and nothing else, has a run to start from"
        if run.start is not None and (run.start not in spec.runs or spec.runs[run.start].phase is not Phase.knowledge):
            yield f"runs.{name}.start: {run.start} is no run of phase 1"
    for name in spec.figures.keys() - set(FIGURES):
        yield f"figures.{name}: there is no such figure; choose from {', '.join(FIGURES)}"
    shown = [(f"tables.{name}: row '{row.name}'", [row.run]) for name, t in spec.tables.items() for row in t.rows]
    for name, pictures in spec.figures.items():
        shown += [(f"figures.{name}.{picture}", [*runs]) for picture, runs in pictures.items()]
    for place, runs in shown:
        for absent in (run for run in runs if run is not None and run not in spec.runs):
            yield f"{place}: shows the run {absent}, which is not there"
