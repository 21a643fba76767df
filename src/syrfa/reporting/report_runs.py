"""The finished runs below a folder, grouped by experiment."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from syrfa.errors import ConfigError, DataNotFoundError, UserError
from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.result import Result, read_result
from syrfa.training.run_folder import RESULT, RESULT_SCHEMA

SWEEP = "sweep.json"
MOST_RUNS = 1000
_MOST_TOLD = 4  # settings in the name of an experiment
_NEEDED = ("experiment", "run_id", "module", "dataset", "split", "seed", "steps", "transductive", "oracle", "metrics")


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        folder: where its other files lie; None for a result file that stands alone.
        file: the result.
        result: its content.
    """

    folder: Path | None
    file: Path
    result: Result = field(repr=False)

    @property
    def name(self) -> str:
        """Experiment and id."""
        return f"{self.result['experiment']}/{self.result['run_id']}"

    def path(self, name: str) -> Path | None:
        """A file of the run's folder; None where it has no such file."""
        return self.folder / name if self.folder is not None and (self.folder / name).exists() else None

    def config(self) -> dict[str, Any]:
        """The resolved configuration the run was tested with; empty where there is none that can be read."""
        for name in ("config_test.yaml", "config_fit.yaml"):
            path = self.path(name)
            if path is not None:
                try:
                    found = yaml.safe_load(path.read_text())
                except (yaml.YAMLError, UnicodeDecodeError):
                    continue
                if isinstance(found, dict):
                    return found
        return {}


@dataclass(frozen=True)
class Experiment:
    """The runs that differ in their seed alone, the lowest seed first.

    Attributes:
        name: with what tells it from others of the same name.
        dataset: that was tested on.
        split: of it.
        runs: at least one.
    """

    name: str
    dataset: str
    split: str
    runs: list[Run]

    @property
    def shown(self) -> Run:
        """The run whose curves and pictures are shown: the lowest seed, whatever it scored."""
        return self.runs[0]


def find_experiments(place: Path) -> list[Experiment]:
    """Every finished run of a folder; the points of a sweep belong to the sweep and are left out.

    Args:
        place: a run's folder, a result file, or a folder of runs at any depth. A folder without a `result.json`
            anywhere below it may hold result files under other names.

    Raises:
        DataNotFoundError: there is no such place, or no run in it has finished.
        UserError: a result is damaged.
        ConfigError: there are more than 1,000 results.
    """
    if not place.exists():
        raise DataNotFoundError(f"{place}: there is nothing there; give a run's folder, or a folder of runs")
    sweeps = {file.parent for file in place.rglob(SWEEP)} if place.is_dir() else set()
    files = [file for file in _results(place) if not sweeps & set(file.parents)]
    if not files and not sweeps:
        raise DataNotFoundError(f"{place}: no {RESULT} in or below it, so no run has finished; run `syrfa test` first")
    if len(files) > MOST_RUNS:
        raise ConfigError(f"{place}: {len(files):,} results, and a page holds {MOST_RUNS:,}; report a folder below it")
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for file in files:
        result = read_result(file)
        _check(file, result)
        run = Run(file.parent if file.name == RESULT else None, file, result)
        groups[str(result["experiment"]), json.dumps(_identity(result), sort_keys=True)].append(run)
    named = defaultdict(list)
    for key, group in sorted(groups.items()):
        named[key[0]].append(sorted(group, key=lambda run: (run.result["seed"], str(run.file))))
    return [
        Experiment(f"{name}{suffix}", runs[0].result["dataset"], runs[0].result["split"], runs)
        for name, several in named.items()
        for runs, suffix in zip(several, _suffixes([runs[0].result for runs in several]), strict=True)
    ]


def _identity(result: Result) -> dict[str, Any]:
    """What runs have in common that differ in their seed alone.

    A phase 2 starts from the weights of its own seed: what these were trained on counts, not which they are.
    """
    parts = list(result.get("trained_on") or [])
    return {
        **_settings(result),
        "flags": flags_of(result) or "none",
        "data": f"{result['dataset']} {result['split']}",
        "manifest": _short(result.get("manifest_sha256")),
        "tubes": result.get("cache_key"),
        # where a metric chose the weights, it chose how long they were trained, too
        "steps": "as chosen" if parts and parts[-1].get("monitor") else result["steps"],
        "trained on": "; ".join(map(_training, parts)) or None,
    }


def _training(part: dict[str, Any]) -> str:
    """A split that weights were fitted to, and the one that they were chosen by."""
    told = f"{part.get('domain')} {part.get('split')} {_short(part.get('manifest_sha256'))}"
    if part.get("monitor"):
        told += f", best {part['monitor']} on {_short(part.get('monitored_sha256'))}"
    return told


def _settings(result: Result) -> dict[str, Any]:
    """Every setting, flat; without seeds, and without files, which are those of a seed."""

    def flat(content: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
        for key, value in content.items():
            if isinstance(value, dict):
                yield from flat(value, f"{before}{key}.")
            elif isinstance(value, list) and value and all(map(_is_file, value)):
                yield before + key, f"{len(value)} files"
            elif key != "seed" and not _is_file(value):
                yield before + key, value

    return dict(flat(result.get("settings") or {}, ""))


def _is_file(value: object) -> bool:
    """Whether a setting is a path, or the name and hash of a file."""
    return isinstance(value, str) and ("/" in value or " sha256:" in value)


def _suffixes(results: list[Result]) -> list[str]:
    """What tells experiments of one name apart; nothing where there is one."""
    told = [_identity(result) for result in results]
    keys = {key for one in told for key in one if len({str(other.get(key)) for other in told}) > 1}
    listed = sorted(keys, key=lambda key: (key != "flags", key))  # which make a number another kind of number
    shown = [[f"{key} {_said(one.get(key))}" for key in listed] for one in told]
    # all of it where a few would not tell them apart
    most = _MOST_TOLD if len({tuple(words[:_MOST_TOLD]) for words in shown}) == len(shown) else len(listed)
    return [f" ({', '.join(words[:most])})" if words else "" for words in shown]


def _said(value: object) -> object:
    return "not on record" if value is None else value


def _short(digest: object) -> str | None:
    return str(digest)[:8] if digest else None


def _check(file: Path, result: Result) -> None:
    """Refuses a result of which the page could not say what it has to."""
    missing = [key for key in _NEEDED if key not in result]
    if missing:
        raise UserError(f"{file}: lacks {', '.join(missing)}; run `syrfa test` again")
    for reading in result["evaluations"]:
        parts = [
            reading.get(key) if isinstance(reading, dict) else None for key in ("protocol", "metrics", "baselines")
        ]
        named = isinstance(parts[0], dict) and "protocol" in parts[0]
        measured = isinstance(parts[1], dict) and isinstance(parts[1].get("micro_auroc"), dict)
        if not (named and measured and isinstance(parts[2], dict)):
            raise UserError(f"{file}: a reading lacks its protocol, metrics or baselines; run `syrfa test` again")


def _results(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    found = sorted(place.rglob(RESULT))
    yield from found
    if not found:
        yield from (file for file in sorted(place.glob("*.json")) if _is_result(file))


def _is_result(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return False
    known = isinstance(content, dict) and content.get("schema") == RESULT_SCHEMA
    return known and "evaluations" in content and "experiment" in content
