"""`syrfa data`: which data sets there are, fetching those that a script may fetch, and checking a copy."""

import inspect
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from syrfa.datasets.published import PUBLISHED
from syrfa.errors import ConfigError, DataNotFoundError
from syrfa.utils.files import write_json
from syrfa.utils.text_table import Cell, markdown_table, text_table

_COLUMNS = ("name", "data set", "videos", "terms", "fetch", "page", "config")


def data(
    action: Literal["list", "fetch", "check"],
    dataset: str | None = None,
    path: Path | None = None,
    out: Path = Path("data/raw"),
    sha256: str | None = None,
    markdown: bool = False,
    json: Path | None = None,
    fast: bool = False,
    workers: int | None = None,
    init_args: dict[str, Any] | None = None,
) -> None:
    """List the data sets, download one, or compare a copy with what was published of it.

    `data list`; `data fetch ped2`, where the terms let a script do so; `data check ped2 FOLDER`, which ends with exit
    code 2 where numbers would be wrong. A download goes on where it stopped, must have the published SHA-256, and is
    unpacked inside `out` alone; `fetched.json` lists what was fetched, and later runs compare with it.

    Args:
        action: `list`, `fetch` or `check`.
        dataset: a name of the list.
        path: of `check`: the folder that the data set was unpacked into.
        out: of `fetch`: the folder to fetch into.
        sha256: of `fetch`: the sum the archive has to have, where the authors replaced it, or `first-use`: take it as
            it comes, which trusts the connection once, record its sum, and hold later runs to it. Of several archives
            in turn, with commas between.
        markdown: of `list`: print Markdown.
        json: of `check`: also write the findings to this file.
        fast: of `check`: decode nothing; only lists, names, labels and folders of frames are looked at.
        workers: of `check`: processes that decode; one a CPU core by default.
        init_args: of `check`: further arguments of the reader as in a config, e.g. `{labels: labels.csv, unit: seconds,
            fps: 25}` of a folder.

    Raises:
        UserError: the data set cannot be fetched by a script or cannot be reached, is not the one that was published,
            or the copy has a fault; the table is printed before.
    """
    if action == "list":
        table = markdown_table if markdown else text_table
        print(table([_row(key) for key in PUBLISHED], _COLUMNS))
        return
    known = [key for key, published in PUBLISHED.items() if action == "check" or published.archives]
    if dataset not in PUBLISHED:
        raise ConfigError(f"dataset {dataset}: {action} one of {', '.join(known)}")
    if action == "fetch":
        _fetch(dataset, out, sha256.split(",") if sha256 else [])
        return
    if path is None:
        raise ConfigError(f"path: give the folder of {dataset}, as in `syrfa data check {dataset} FOLDER`")
    from syrfa.datasets.check import UnusableDataError, examine

    examination = examine(dataset, path, fast, workers, init_args=init_args)
    print(examination.as_text())
    if json is not None:
        write_json(json, examination.as_json())
    if examination.problems:
        raise UnusableDataError(
            f"{path}: {examination.problems} of the findings above would make numbers of "
            f"{PUBLISHED[dataset].title} wrong; each line says how to mend it"
        )


def _fetch(key: str, out: Path, sums: list[str]) -> None:
    from syrfa.datasets.fetch import check_sums, fetch

    published = PUBLISHED[key]
    if not published.archives:
        _instruct(key)
        raise DataNotFoundError(f"{key}: no script may fetch it; the steps are above")
    check_sums(sums)
    if sums and len(sums) != len(published.archives):
        raise ConfigError(f"sha256: {len(sums)} sums for {', '.join(archive.file for archive in published.archives)}")
    print(f"{published.title}\n  terms: {published.terms}\n  cite: {published.citation}\n  page: {published.page}")
    for archive, expected in zip_longest(published.archives, sums):
        entry = fetch(archive, out, expected)
        print(f"{out / archive.file}: sha256 {entry['sha256']}, checked against {entry['checked_against']}")
        print(f"{out / archive.folder}: unpacked")
    print(f"next: syrfa data check {key} {out / published.fetched}")


def _instruct(key: str) -> None:
    """Prints what a person has to do, and the folders that it has to end in."""
    published = PUBLISHED[key]
    tree = inspect.cleandoc(published.reader.__doc__ or "").split("```")[1].strip("\n")
    print(
        f"{published.title} has to be fetched by a person.\n"
        f"  1. {published.obtain}\n"
        f"  2. terms: {published.terms}\n"
        f"  3. cite: {published.citation}\n"
        f"  4. unpack it so that one of these trees results:\n\n{tree}\n\n"
        f"  5. syrfa data check {key} <root>"
    )


def _row(key: str) -> list[Cell]:
    published = PUBLISHED[key]
    videos = " + ".join(str(facts.videos) for facts in published.splits.values()) or "-"
    size = sum(archive.size for archive in published.archives)
    way = f"syrfa data fetch {key} ({size / 1e6:,.0f} MB)" if size else "by hand" if published.splits else "-"
    return [key, published.title, videos, published.terms, way, published.page, f"{key}.yaml"]
