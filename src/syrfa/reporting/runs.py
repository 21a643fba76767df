"""The finished runs below a folder, grouped into experiments: runs that differ in their seed alone."""

import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from syrfa.datasets import VideoDataset
from syrfa.errors import ConfigError, DataNotFoundError, UserError
from syrfa.evaluation import ObjectScores, read_scores
from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.result import Result, read_result, run_name
from syrfa.evaluation.scores import CURVES, FrameCurves, read_curves
from syrfa.training.run_folder import RESULT, RESULT_SCHEMA
from syrfa.utils.files import sha256_file

SWEEP = "sweep.json"
CONFIGS = ("config_test.yaml", "config_fit.yaml")
_WRONG = (OSError, ValueError, TypeError, KeyError, AttributeError)  # what a damaged file may raise
_NEEDED = ("experiment", "run_id", "module", "dataset", "split", "seed", "steps", "transductive", "oracle", "metrics")
_PROVENANCE = (*_NEEDED[:-1], "manifest_sha256", "cache_key")


@dataclass(frozen=True)
class Run:
    """One finished run: its folder (None for a result file on its own), its result file, and the content of that."""

    folder: Path | None
    file: Path
    result: Result = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> "Run":
        """The run of a folder or of a result file; a UserError where there is no result, or it is damaged."""
        file = path if path.suffix == ".json" else path / RESULT
        return cls(file.parent if file.name == RESULT else None, file, read_result(file))

    @property
    def name(self) -> str:
        """Experiment and id."""
        return run_name(self.result)

    def provenance(self) -> dict[str, Any]:
        """Where the numbers are from, without the names of folders of one machine."""
        config = self.path(CONFIGS[0])
        return {
            **{key: self.result[key] for key in _PROVENANCE},
            "adapter": self.result.get("adapter"),
            "git_commit": self.result.get("environment", {}).get("git_commit"),
            "result_sha256": sha256_file(self.file),
            "config_sha256": sha256_file(config) if config else None,
        }

    def path(self, name: str) -> Path | None:
        """A file of the run's folder; None where it has no such file."""
        return self.folder / name if self.folder is not None and (self.folder / name).exists() else None

    def curves(self) -> FrameCurves:
        """The frame scores of every evaluation, and the labels; a UserError where there are none or of another test."""
        from syrfa.evaluation.metrics.frame_level import micro_auroc  # torch is slow to import

        stored = self.path(CURVES)
        if stored is None:
            raise DataNotFoundError(f"{self.file}: no {CURVES} in the run's folder; run `syrfa test` again")
        curves = read_curves(stored)
        found = [micro_auroc(scores, curves.labels).value for scores in curves.scores]
        reported = [each["metrics"]["micro_auroc"]["value"] for each in self.result["evaluations"]]
        for ours, theirs in zip_longest(found, reported):
            if ours != theirs and (ours is None or theirs is None or abs(ours - theirs) > 1e-6):
                raise ConfigError(
                    f"{stored}: its curves give a micro AUROC of {ours}, its {self.file.name} says {theirs}; run "
                    "`syrfa test` again"
                )
        return curves

    def objects(self, videos: list[str]) -> list[ObjectScores]:
        """The object scores of the videos of that name; a UserError where a file is missing or damaged."""
        found = []
        for video in videos:
            file = self.file.parent / "scores" / f"{video}.npz"
            if not file.is_file():
                raise DataNotFoundError(f"no scores at {file}; run `syrfa test` again")
            try:
                found.append(read_scores(file))
            except (EOFError, *_WRONG) as error:
                raise UserError(f"{file}: damaged, or not the scores of a test; run `syrfa test` again") from error
        return found

    def dataset(self, root: Path | None = None, imports: bool = False) -> VideoDataset:
        """The data set that the run's configuration describes; a UserError where there is none or no data.

        `root` is its folder, where it is not where the run found it. Without `imports` only classes that are imported
        already are made, so that nobody's configuration can have code run.
        """
        place = f"data.{self.result.get('domain', 'target')}.dataset"
        try:
            config = OmegaConf.select(OmegaConf.load(self.path(CONFIGS[0]) or self.path(CONFIGS[1]) or ""), place)
            described: Any = OmegaConf.to_container(config, resolve=True)
            module, _, name = described["class_path"].rpartition(".")
            kind = getattr(importlib.import_module(module) if imports else sys.modules[module], name)
            if not issubclass(kind, VideoDataset):
                raise TypeError(f"{name} is no data set")
            settings = {**described["init_args"], **({} if root is None else {"root": str(root)})}
            dataset: VideoDataset = kind(**settings)
        except UserError:
            raise
        except (OmegaConfBaseException, YAMLError, ImportError, *_WRONG) as error:
            raise DataNotFoundError(
                f"{self.file.parent}: has no {CONFIGS[0]} that describes its data set; run `syrfa test` again"
            ) from error
        dataset.videos(self.result["split"])  # refuses a folder that is not there
        return dataset


@dataclass(frozen=True)
class Experiment:
    """The runs that differ in their seed alone, the lowest seed first; the name tells it from others."""

    name: str
    runs: list[Run]

    @property
    def shown(self) -> Run:
        """The run whose curves and pictures are shown: the lowest seed, whatever it scored."""
        return self.runs[0]

    @property
    def data(self) -> str:
        """Data set and split."""
        return f"{self.shown.result['dataset']} {self.shown.result['split']}"


def find_experiments(place: Path) -> list[Experiment]:
    """Every finished run of a folder; the points of a sweep belong to the sweep and are left out.

    `place` is a run's folder, a result file, or a folder of runs at any depth; without a `result.json` below it, it may
    hold result files under other names. A UserError where no run has finished or a result is damaged.
    """
    if not place.exists():
        raise DataNotFoundError(f"{place}: there is nothing there; give a run's folder, or a folder of runs")
    sweeps = {file.parent for file in place.rglob(SWEEP)}
    results = [place] if place.is_file() else sorted(place.rglob(RESULT))
    results = results or [file for file in sorted(place.glob("*.json")) if _is_result(file)]
    files = [file for file in results if not sweeps & set(file.parents)]
    if not files and not sweeps:
        raise DataNotFoundError(f"{place}: no {RESULT} in or below it, so no run has finished; run `syrfa test` first")
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in map(Run.open, files):
        _check(run)
        groups[str(run.result["experiment"]), json.dumps(_identity(run.result), sort_keys=True)].append(run)
    named: dict[str, list[list[Run]]] = defaultdict(list)
    for (name, _), group in sorted(groups.items()):
        named[name].append(sorted(group, key=lambda run: (run.result["seed"], str(run.file))))
    return [
        Experiment(name + suffix, runs)
        for name, several in named.items()
        for runs, suffix in zip(several, _suffixes([runs[0].result for runs in several]), strict=True)
    ]


def _identity(result: Result) -> dict[str, Any]:
    """What runs that differ in their seed alone have in common.

    A phase 2 starts from the weights of its own seed: what these were trained on counts, not which they are.
    """
    parts = list(result.get("trained_on") or [])
    return {
        **dict(_flat(result.get("settings") or {})),
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
    text = f"{part.get('domain')} {part.get('split')} {_short(part.get('manifest_sha256'))}"
    return text + (f", best {part['monitor']} on {_short(part.get('monitored_sha256'))}" if part.get("monitor") else "")


def _flat(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting; without seeds, and without files, which are those of a seed."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list) and value and all(map(_is_file, value)):
            yield before + key, f"{len(value)} files"
        elif key != "seed" and not _is_file(value):
            yield before + key, value


def _is_file(value: object) -> bool:
    """Whether a setting is a path, or the name and hash of a file."""
    return isinstance(value, str) and ("/" in value or " sha256:" in value)


def _suffixes(results: list[Result]) -> list[str]:
    """The first settings that tell experiments of one name apart; nothing where there is one."""
    found = [_identity(result) for result in results]
    keys = {key for one in found for key in one if len({str(other.get(key)) for other in found}) > 1}
    first = sorted(keys, key=lambda key: (key != "flags", key))[:4]  # flags make a number another kind of number
    words = [
        ", ".join(f"{key} {'not on record' if one.get(key) is None else one[key]}" for key in first) for one in found
    ]
    return [f" ({each})" if each else "" for each in words]


def _short(digest: object) -> str | None:
    return str(digest)[:8] if digest else None


def _check(run: Run) -> None:
    """Refuses a result of which a page could not say what it has to."""
    if missing := [key for key in _NEEDED if key not in run.result]:
        raise UserError(f"{run.file}: lacks {', '.join(missing)}; run `syrfa test` again")
    for each in run.result["evaluations"]:
        if not ({"protocol", "metrics", "baselines"} <= each.keys() and "micro_auroc" in each["metrics"]):
            raise UserError(f"{run.file}: an evaluation lacks protocol, metrics or baselines; run `syrfa test` again")


def _is_result(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return False
    known = isinstance(content, dict) and {"evaluations", "experiment"} <= content.keys()
    return known and content.get("schema") == RESULT_SCHEMA
