"""What a result says of its numbers, beside what its rerun says of them."""

import json
from typing import Any

from syrfa.reporting.comparison import QUANTILE_ENDS, named_readings

STATEMENTS = ("transductive", "oracle", "dataset", "split", "manifest_sha256")
"""What a result says of itself besides numbers; a rerun says the same."""
NO_TEST_INFORMATION = "no test information"
"""The beginning of a clean audit's line."""


def contradictions(committed: dict[str, Any], rerun: dict[str, Any]) -> list[str]:
    """What a result says of its numbers and the rerun's does not, a line each: data, switches, protocols and audits."""
    found = [said for key in STATEMENTS for said in _unlike(key, committed.get(key), rerun.get(key))]
    found += _unlike_audits("audit", committed, rerun)
    again = dict(named_readings(rerun))
    for name, reading in named_readings(committed):
        other = again.get(name)
        if other is None:
            found.append(f"{name}: the rerun has no such reading")
            continue
        theirs, ours = reading["protocol"], other["protocol"]
        measured = QUANTILE_ENDS if theirs.get("reference") == "quantile" else ()
        for key in sorted((theirs.keys() | ours.keys()) - set(measured)):
            found += _unlike(f"{name} protocol.{key}", theirs.get(key), ours.get(key))
        found += _unlike_audits(f"{name} audit", reading, other)
    return found


def _unlike(name: str, theirs: object, ours: object) -> list[str]:
    if theirs == ours:
        return []
    return [f"{name}: {json.dumps(theirs)}, of the rerun {json.dumps(ours)}"]


def _unlike_audits(name: str, committed: dict[str, Any], rerun: dict[str, Any]) -> list[str]:
    """Of a result of before the audits nothing; of the line its beginning, for its wording may change."""
    theirs, ours = committed.get("audit"), rerun.get("audit")
    if theirs is None:
        return []
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return _unlike(name, theirs, ours)
    clean = [str(said.get("line")).startswith(NO_TEST_INFORMATION) for said in (theirs, ours)]
    return [
        *_unlike(f"{name}.test_information", theirs.get("test_information"), ours.get("test_information")),
        *_unlike(f"{name}.line begins with '{NO_TEST_INFORMATION}'", *clean),
    ]
