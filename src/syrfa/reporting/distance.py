"""How far restyling moves the features (the paper's Fig. 4), as far as a result says."""

from typing import Any

from syrfa.evaluation.result import Result
from syrfa.reporting.distance_panels import quantiles_of
from syrfa.reporting.markup import Html, facts, note, table, tag, text
from syrfa.reporting.room import Room

_GROUPS = {
    "all": "all tubes",
    "normal": "tubes of normal frames",
    "abnormal": "tubes of abnormal frames",
    "between": "two different tubes, for scale",
}
_SETTINGS = ("what", "features", "adapter", "tubes", "tubes_of_split", "seed", "style")


def distance_part(key: str, result: Result, room: Room) -> Html:
    """A table of distances, their quantiles as a picture, and how they were measured."""
    found = result.get("feature_distance")
    if not isinstance(found, dict):
        return note("How far restyling moves the features (Fig. 4) was not measured in this run.")
    if found.get("reason"):
        return note(f"How far restyling moves the features (Fig. 4) could not be measured: {found['reason']}")
    rows = _rows(found)
    if not rows:
        return tag("div", facts(found), class_="facts")
    listed = [
        [text(name), f"{group['tubes']:,}" if group.get("tubes") else "-", *_numbers(group)] for name, group in rows
    ]
    columns = ["distance", "tubes", "mean", "std", "5 %", "25 %", "50 %", "75 %", "95 %"]
    drawn = [{"name": name, "quantiles": quantiles_of(group)} for name, group in rows if quantiles_of(group)]
    picture = room.plot(f"{key}-distance", {"kind": "spread", "rows": drawn}, "distances") if drawn else ""
    settings = {name: found[name] for name in _SETTINGS if name in found}
    told = note("Box: the middle half of the tubes; line: 5 to 95 %; bar: the median.")
    measured = tag("div", facts(settings), class_="facts")
    return picture + (told if drawn else "") + table("L2 distance of features", columns, listed) + measured


def _rows(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    adapter = found.get("adapter", "none")
    parts = [(f"adapter {adapter}" if adapter != "none" else "no adapter", found)]
    if isinstance(found.get("unadapted"), dict):
        parts.append(("no adapter", found["unadapted"]))
    rows = []
    for group, words in _GROUPS.items():
        for name, part in parts:
            values = part.get("between") if group == "between" else (part.get("groups") or {}).get(group)
            rows += [(f"{words}, {name}", values)] if values else []
    return rows


def _numbers(group: dict[str, Any]) -> list[str]:
    quantiles: list[float | None] = [*quantiles_of(group)]
    values = [group.get("mean"), group.get("std"), *(quantiles or [None] * 5)]
    return ["-" if value is None else f"{value:.4g}" for value in values]
