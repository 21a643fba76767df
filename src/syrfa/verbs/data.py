"""`syrfa data`: which data sets there are, and fetching those that a script may fetch."""

import inspect
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from syrfa import datasets
from syrfa.datasets.published import PUBLISHED
from syrfa.errors import ConfigError, DataNotFoundError
from syrfa.utils.text_table import Cell, markdown_table, text_table

_COLUMNS = ("name", "data set", "videos", "terms", "fetch", "page", "config")


def data(
    action: Literal["list", "fetch"],
    dataset: str | None = None,
    out: Path = Path("data/raw"),
    sha256: str | None = None,
    markdown: bool = False,
) -> None:
    """List the data sets, or download one where its terms let a script do so (`data list`, `data fetch ped2`).

    A download goes on where it stopped, must have the published SHA-256, and is unpacked inside `out` alone. What was
    fetched stands in `fetched.json`; later runs compare with it.

    Args:
        action: `list` or `fetch`.
        dataset: what to fetch.
        out: the folder to fetch into.
        sha256: the sum the archive has to have, where the authors replaced it, or `first-use`: take it as it comes,
            which trusts the connection once, record its sum, and hold later runs to it. Of several archives in turn,
            with commas between.
        markdown: print the list as Markdown.

    Raises:
        UserError: the data set cannot be fetched by a script, cannot be reached, or is not the one that was published.
    """
    if action == "list":
        table = markdown_table if markdown else text_table
        print(table([_row(key) for key in PUBLISHED], _COLUMNS))
        return
    if dataset not in PUBLISHED:
        raise ConfigError(f"dataset {dataset}: fetch one of {', '.join(k for k, p in PUBLISHED.items() if p.archives)}")
    if not PUBLISHED[dataset].archives:
        _instruct(dataset)
        raise DataNotFoundError(f"{dataset}: no script may fetch it; the steps are above")
    _fetch(dataset, out, sha256.split(",") if sha256 else [])


def _fetch(key: str, out: Path, sums: list[str]) -> None:
    from syrfa.datasets.fetch import check_sums, fetch

    published = PUBLISHED[key]
    check_sums(sums)
    if sums and len(sums) != len(published.archives):
        raise ConfigError(f"sha256: {len(sums)} sums for {', '.join(archive.file for archive in published.archives)}")
    print(f"{published.title}\n  terms: {published.terms}\n  cite: {published.citation}\n  page: {published.page}")
    for archive, expected in zip_longest(published.archives, sums):
        entry = fetch(archive, out, expected)
        print(f"{out / archive.file}: sha256 {entry['sha256']}, checked against {entry['checked_against']}")
        print(f"{out / archive.folder}: unpacked")
    print(f"next: syrfa doctor {key} {out / published.fetched}")


def _instruct(key: str) -> None:
    """What a person has to do, and the tree it has to end in."""
    published = PUBLISHED[key]
    tree = inspect.cleandoc(getattr(datasets, published.reader).__doc__).split("```")[1].strip("\n")
    print(
        f"{published.title} has to be fetched by a person.\n"
        f"  1. {published.obtain}\n"
        f"  2. terms: {published.terms}\n"
        f"  3. cite: {published.citation}\n"
        f"  4. unpack it so that one of these trees stands:\n\n{tree}\n\n"
        f"  5. syrfa doctor {key} <root>"
    )


def _row(key: str) -> list[Cell]:
    published = PUBLISHED[key]
    videos = " + ".join(str(facts.videos) for facts in published.splits.values()) or "-"
    size = sum(archive.size for archive in published.archives)
    way = f"syrfa data fetch {key} ({size / 1e6:,.0f} MB)" if size else "by hand" if published.splits else "-"
    return [key, published.title, videos, published.terms, way, published.page, published.config or "-"]
