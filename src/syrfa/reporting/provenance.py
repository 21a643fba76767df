"""Where a run came from: commit, seed, hashes, packages, arguments, configurations."""

import json

from syrfa.reporting import report_tables as tables
from syrfa.reporting.markup import Html, details, facts, note, tag, text
from syrfa.reporting.report_runs import Run
from syrfa.reporting.room import Room

_LISTED = ("config_fit.yaml", "config_test.yaml", "provenance_fit.json", "provenance_test.json")
_MOST_LISTED = 100_000  # characters of a listing


def provenance(run: Run, room: Room) -> Html:
    """Everything on record about a run, folded away."""
    result = run.result
    environment = result.get("environment") or {}
    identity = {
        "experiment": result["experiment"],
        "run": result["run_id"],
        "seed": result["seed"],
        "commit": environment.get("git_commit"),
        "arguments": " ".join(map(str, environment.get("arguments", []))),
        "device": result.get("device"),
        "precision": result.get("precision"),
        "test manifest SHA-256": result.get("manifest_sha256"),
        "cache key": result.get("cache_key"),
        "packages": environment.get("packages", {}),
        "Python": environment.get("python"),
        "processor": environment.get("processor"),
        "threads": environment.get("threads"),
        "adapter": result.get("adapter"),
        "boxes": result.get("boxes"),
        "settings": result.get("settings"),
    }
    parts = [tag("div", facts(identity), class_="facts"), tables.training_data(result)]
    if result.get("run_record"):
        listing = tag("pre", tag("code", text(json.dumps(result["run_record"], indent=2, sort_keys=True))))
        parts.append(details("Run record: what it takes to run it again", listing))
    if result.get("run_record_reason"):
        parts.append(note(f"Run record: {result['run_record_reason']}"))
    parts += [_listing(run, name) for name in _LISTED]
    return room.part(details(f"{run.name}, seed {result['seed']}", *parts), f"provenance of {run.name}")


def _listing(run: Run, name: str) -> Html:
    path = run.path(name)
    if path is None:
        return ""
    content = path.read_text("utf-8", errors="replace")
    cut = "" if len(content) <= _MOST_LISTED else f"\n… cut off after {_MOST_LISTED:,} characters"
    return details(name, tag("pre", tag("code", text(content[:_MOST_LISTED] + cut))))
