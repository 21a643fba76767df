"""What results record of how their weights were trained: in a few words, next to the paper's settings, and the code."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from syrfa.evaluation.result import Result

_UNKNOWN = "not on record"
_PHASES = {"SynthKnowledgeModule": "phase 1", "RealAdaptModule": "phase 2"}
_TERMS = {"lambda_cont": "no consistency", "align_every": "no alignment", "lambda_aux": "no L_aux"}


def training_name(result: Result) -> str:
    """What was trained, as `clean_only (no consistency, no alignment)`; the module's name where it is neither phase."""
    settings = result.get("settings") or {}
    first = settings.get("knowledge") or settings
    left_out = [words for key, words in _TERMS.items() if key in first and not first[key]]
    start = f"clean_only ({', '.join(left_out)})" if first.get("clean_only") else ", ".join(("phase 1", *left_out))
    if _PHASES.get(result["module"]) == "phase 1":
        return start
    if _PHASES.get(result["module"]) is None:
        return str(result["module"])
    return ", ".join(filter(None, ("phase 2", settings.get("adapter"), f"from {start}" if left_out else "")))


def is_clean_only(result: Result) -> bool:
    """Whether what is called phase 1 was L_cls on the clean stream alone: no consistency, no alignment."""
    settings = result["settings"]
    return bool(settings.get("clean_only") or settings.get("knowledge", {}).get("clean_only"))


def settings_next_to_the_papers(results: Sequence[Result]) -> str:
    """The settings that decide most, with the paper's."""
    settings = [{**result["settings"].get("knowledge", {}), **result["settings"]} for result in results]
    found: dict[tuple[str, str], Iterable[Any]] = {
        ("width", "32"): (result.get("width") for result in results),
        ("tube size", "64"): (result.get("size") for result in results),
        ("lr of phase 1", "1e-05"): (each["lr"] for each in settings if each.get("lr")),
        ("lr of phase 2", "1e-06"): (each["lr_adapter"] for each in settings if "lr_adapter" in each),
        ("source", "UBnormal"): (source for result in results for source in _sources(result)),
        ("pretraining", "jigsaw puzzles"): map(_pretraining, settings),
    }
    known = {key: listed(values) for key, values in found.items()}
    return ", ".join(f"{name} {value} (paper: {paper})" for (name, paper), value in known.items() if value)


def code_of(results: Sequence[Result]) -> str:
    """Commits, versions, device, precision and threads."""
    environments = [result["environment"] for result in results]
    return (
        f"commit {listed(e.get('git_commit') or 'unknown' for e in environments)}, "
        f"syrfa {listed(e['syrfa'] for e in environments)}, "
        f"torch {listed(e['packages']['torch'] for e in environments)}; "
        f"device {listed(result['device'] for result in results)}, "
        f"precision {listed(result['precision'] for result in results)}, "
        f"threads {listed(e.get('threads', _UNKNOWN) for e in environments)}"
    )


def listed(values: Iterable[Any], between: str = ", ") -> str:
    """Different values, each once, in order."""
    return between.join(dict.fromkeys(str(value) for value in values))


def _sources(result: Result) -> Iterator[str]:
    """What the weights learnt labels from."""
    steps = (result.get("run_record") or {}).get("steps", [])
    parts = [part for step in steps for part in step["data"] if part["domain"] == "source"]
    for part in parts:
        yield f"the generated world {part['world']['preset']}" if part.get("world") else str(part["dataset"])
    if not parts:
        yield _UNKNOWN


def _pretraining(settings: dict[str, Any]) -> str:
    if "pretrained" not in settings:
        return _UNKNOWN
    return "weights of stage 0" if settings["pretrained"] or settings.get("pretrained_from") else "none"
