"""A figure of the paper as PNG and PDF, with its numbers in a JSON file next to it."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from syrfa.evaluation.pictures import save_png
from syrfa.reporting.runs import Run
from syrfa.utils.files import atomic_write, sha256_file, write_json

_KEYS = (
    *("experiment", "run_id", "module", "seed", "steps", "dataset", "split", "manifest_sha256", "cache_key"),
    *("transductive", "oracle"),
)


def save_figure(figure: Figure, out: Path, kind: str, record: dict[str, Any]) -> list[Path]:
    """Writes `figure` to `out` (.png) and as PDF, and `record` as JSON of that `kind`; the same bytes every time."""
    pdf, numbers = out.with_suffix(".pdf"), out.with_suffix(".json")
    save_png(figure, out, dpi=200)
    # TrueType fonts: many publishers refuse Type 3; no dates and no versions, which would change the bytes
    with mpl.rc_context({"pdf.fonttype": 42}), atomic_write(pdf) as file:
        figure.savefig(file, format="pdf", dpi=200, metadata={"Creator": None, "Producer": None, "CreationDate": None})
    write_json(numbers, {"schema": 1, "kind": kind, **record})
    return [out, pdf, numbers]


def provenance_of(run: Run) -> dict[str, Any]:
    """Where the numbers of a run are from; without the names of folders of one machine."""
    config = run.path("config_test.yaml")
    return {
        **{key: run.result[key] for key in _KEYS},
        "adapter": run.result.get("adapter"),
        "git_commit": run.result.get("environment", {}).get("git_commit"),
        "result_sha256": sha256_file(run.file),
        "config_sha256": sha256_file(config) if config else None,
    }
