"""What results say of data, seeds, settings, code and protocols: the notes below a table."""

import statistics
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syrfa.evaluation.result import Result, audit_of
from syrfa.reporting.cells import reading_of
from syrfa.reporting.spec import ReadingSpec
from syrfa.reporting.table_runner import Outcome

Outcomes = Mapping[str, Mapping[int, Outcome]]
# the paper's settings, where a result says its own
_PAPER = {
    "width": "32",
    "tube size": "64",
    "lr of phase 1": "1e-05",
    "lr of phase 2": "1e-06",
    "source": "UBnormal",
    "pretraining": "jigsaw puzzles",
}
_UNKNOWN = "not on record"


def facts(outcomes: Outcomes, readings: Iterable[ReadingSpec]) -> list[str]:
    """What a reader needs to know of the numbers, each sentence a note.

    Args:
        outcomes: run -> seed -> what became of it.
        readings: that the table has.
    """
    results = [outcome.result for seeds in outcomes.values() for _, outcome in sorted(seeds.items()) if outcome.result]
    seeds = _listed(seed for seeds in outcomes.values() for seed in sorted(seeds))
    if not results:
        return [f"Seeds: {seeds}."]
    settings = {
        "width": _listed(result.get("width") for result in results),
        "tube size": _listed(result.get("size") for result in results),
        "lr of phase 1": _listed(filter(None, (_rate(result) for result in results))),
        "lr of phase 2": _listed(r["settings"]["lr_adapter"] for r in results if "lr_adapter" in r["settings"]),
        "source": _listed(source for result in results for source in _sources(result)),
        "pretraining": _listed(_pretraining(result) for result in results),
    }
    beside = ", ".join(f"{key} {value} (paper: {_PAPER[key]})" for key, value in settings.items() if value)
    environments = [result["environment"] for result in results]
    commits = _listed(environment.get("git_commit") or "unknown" for environment in environments)
    return [
        f"Test split: {' / '.join(dict.fromkeys(_tested(result) for result in results))}. Seeds: {seeds}.",
        f"Settings beside the paper's: {beside}.",
        *_adapters(outcomes),
        *_audits(outcomes, readings),
        f"Code: commit {commits}, syrfa {_listed(e['syrfa'] for e in environments)}, "
        f"torch {_listed(e['packages']['torch'] for e in environments)}; "
        f"device {_listed(r['device'] for r in results)}, precision {_listed(r['precision'] for r in results)}, "
        f"threads {_listed(e.get('threads', _UNKNOWN) for e in environments)}.",
    ]


def _tested(result: Result) -> str:
    """What was tested, and the hashes that tell one copy from another."""
    return (
        f"{result.get('videos', '?')} videos, {result.get('frames', '?')} frames, {result['objects']} objects, "
        f"manifest {str(result.get('manifest_sha256', _UNKNOWN))[:12]}, tubes {result.get('cache_key', _UNKNOWN)}"
    )


def _sources(result: Result) -> Iterator[str]:
    """What the weights learnt labels from."""
    steps = (result.get("run_record") or {}).get("steps", [])
    parts = [part for step in steps for part in step["data"] if part["domain"] == "source"]
    for part in parts:
        yield f"the generated world {part['world']['preset']}" if part.get("world") else str(part["dataset"])
    if not parts:
        yield _UNKNOWN


def _pretraining(result: Result) -> str:
    settings = {**result["settings"].get("knowledge", {}), **result["settings"]}
    if "pretrained" not in settings:
        return _UNKNOWN
    return "weights of stage 0" if settings["pretrained"] or settings.get("pretrained_from") else "none"


def _adapters(outcomes: Outcomes) -> list[str]:
    """How far each run's adapters moved, over its seeds: the paper's learning rate hardly moves them in a few steps."""
    notes = []
    for run, seeds in outcomes.items():
        moved = [o.result["adapter"] for o in seeds.values() if o.result and o.result.get("adapter", {}).get("max_abs")]
        if moved:
            mean, most = statistics.mean(a["mean_abs"] for a in moved), max(a["max_abs"] for a in moved)
            notes.append(f"{run} {mean:.1e} on average, {most:.1e} at most")
    return [f"How far adapters moved from where they do nothing: {'; '.join(notes)}."] if notes else []


def _audits(outcomes: Outcomes, readings: Iterable[ReadingSpec]) -> list[str]:
    """The audit lines of every reading, each with the runs whose numbers it is of."""
    notes = []
    for wanted in readings:
        runs: dict[str, list[str]] = {}
        for run, seeds in outcomes.items():
            for _, outcome in sorted(seeds.items()):
                reading = reading_of(outcome.result, wanted) if outcome.result else None
                if outcome.result is not None and reading is not None:
                    runs.setdefault(audit_of(outcome.result, reading).line, []).append(run)
        for line, found in runs.items():
            of = "" if len(runs) == 1 else f", of {_listed(found)}"
            notes.append(f"Audit under {wanted.protocol}, {wanted.smoothing}{of}: {line}")
    return notes


def _rate(result: Result) -> Any:  # noqa: ANN401 - a number of JSON
    """The learning rate of phase 1; of phase 2 that of the run it started from."""
    settings = result["settings"]
    return settings.get("lr", settings.get("knowledge", {}).get("lr"))


def _listed(values: Iterable[Any]) -> str:
    """Different values, each once, in order."""
    return ", ".join(dict.fromkeys(str(value) for value in values))
