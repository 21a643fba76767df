"""The page as a whole: its sections, its bounds, its head."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from syrfa import __version__
from syrfa.errors import UserError
from syrfa.reporting.experiment import experiment_section, measures, numbers
from syrfa.reporting.markup import Html, note, tag, text
from syrfa.reporting.report_runs import Experiment
from syrfa.reporting.report_sweep import sweep_note, sweep_plot, sweep_table
from syrfa.reporting.report_tables import overview
from syrfa.reporting.room import Room
from syrfa.utils.files import atomic_write

LIMIT = 16_000_000
"""Bytes of a page. Tables come first; curves and pictures are left out, and said to be, once it is reached."""

_MOST_LINKS = 8  # the overview has links too
_FRAME, _FRAME_EACH = 100_000, 10_000  # bytes of script, style, headings and sentences


def write_page(
    out: Path,
    place: str,
    experiments: Sequence[Experiment],
    sweeps: Sequence[dict[str, Any]] = (),
    data: Path | None = None,
    limit: int = LIMIT,
) -> list[str]:
    """Writes the page, atomically.

    Args:
        out: the .html file.
        place: the name of the folder that is reported; the heading unless there is one experiment or sweep alone.
        experiments: at least one, unless there are sweeps.
        sweeps: contents of `sweep.json`.
        data: the folder of the data set, where it is not where the runs found it.
        limit: bytes of the page.

    Returns:
        sentences on what could not be shown.

    Raises:
        UserError: the tables alone exceed the limit.
    """
    tables = sum(len((numbers(each) + measures(each)).encode()) for each in experiments)
    tables += sum(len(sweep_table(sweep, "").encode()) for sweep in sweeps)
    room = Room(limit - tables - _FRAME - _FRAME_EACH * len(experiments))
    parts, links = [], []
    if len(experiments) > 1:
        parts.append(tag("section", tag("h2", "Overview"), overview(experiments), id="overview"))
        links.append(("overview", "Overview"))
    for number, sweep in enumerate(sweeps):
        parts.append(_sweep_section(number, sweep, room))
        links.append((f"s{number}", f"Sweep {sweep['sweep']}"))
    for number, experiment in enumerate(experiments):
        parts.append(experiment_section(f"e{number}", experiment, data, room, alone=len(experiments) == 1))
        links.append((f"e{number}", experiment.name))
    content = _html(_title(place, experiments, sweeps), links, parts, room.plots).encode()
    if len(content) > limit:
        raise UserError(
            f"{out}: the tables alone take {len(content):,} bytes of {limit:,}; report fewer runs at a time"
        )
    with atomic_write(out) as file:
        file.write(content)
    return room.absent


def _title(place: str, experiments: Sequence[Experiment], sweeps: Sequence[dict[str, Any]]) -> str:
    if len(experiments) == 1 and not sweeps:
        runs = experiments[0].runs
        return experiments[0].name if len(runs) > 1 else runs[0].name
    return f"Sweep {sweeps[0]['sweep']}" if len(sweeps) == 1 and not experiments else place


def _sweep_section(number: int, sweep: dict[str, Any], room: Room) -> Html:
    plot = sweep_plot(sweep)
    shown = note("No point of this sweep has a number yet.")
    if plot is not None:
        plot["table"] = f"sweep{number}"
        shown = room.plot(f"sweep{number}", plot, "parallel coordinates")
    heading = tag("h2", text(f"Sweep {sweep['sweep']}"))
    return tag("section", heading, sweep_note(sweep), shown, sweep_table(sweep, f"sweep{number}"), id=f"s{number}")


def _html(title: str, links: list[tuple[str, str]], parts: list[Html], plots: dict[str, Any]) -> Html:
    style, script = (files(__package__).joinpath(name).read_text("utf-8") for name in ("report.css", "report.js"))
    # the only code that may run is this script, the only pictures are those in the page, and nothing may be fetched
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{text(title)}: syrfa report</title><style>{style}</style>"
    )
    toggle = tag("button", "Dark", type="button", id="theme", hidden="")
    nav = tag("nav", *(tag("a", text(name), href=f"#{place}") for place, name in links), aria_label="Sections")
    header = tag(
        "header", tag("div", tag("p", "syrfa report", class_="kicker"), tag("h1", text(title))), toggle, class_="top"
    )
    without = "<noscript>" + note("Curves need JavaScript; every number stands in the tables.") + "</noscript>"
    footer = tag(
        "footer",
        text(f"Made by syrfa {__version__} from result files alone; this page loads nothing. Values are in per cent."),
    )
    # no "<" in it, so that no text inside can end the element
    data = json.dumps(plots, allow_nan=False, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
    body = header + (nav if 1 < len(links) <= _MOST_LINKS else "") + without + tag("main", *parts) + footer
    body += f'<script type="application/json" id="plots">{data}</script><script>{script}</script>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _hash(code: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}"
