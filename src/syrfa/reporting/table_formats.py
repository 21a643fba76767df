"""A table as Markdown, CSV and LaTeX, its notes below it."""

import csv
import io
import re
from pathlib import Path

from syrfa.reporting.tables import Table
from syrfa.utils.files import atomic_write
from syrfa.utils.text_table import markdown_table

_LATEX = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}"},
    # \textquotedbl is not in the encoding that LaTeX begins with; typewriter type has the straight mark in every one
    **{"±": r"$\pm$", '"': r"{\ttfamily\char34}"},
}


def as_markdown(table: Table) -> str:
    """A heading, the table, and its notes as a list."""
    notes = "\n".join(f"- {note}" for note in table.notes)
    return f"## {table.title}\n\n{markdown_table(table.lines, table.columns)}\n\n{notes}\n"


def as_csv(table: Table) -> str:
    """Comma-separated, UTF-8, lines ended by a line feed; notes behind the lines, each after `# ` in its first cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([table.columns, *table.lines])
    writer.writerows([f"# {note}"] for note in table.notes)
    return text.getvalue()


def as_latex(table: Table) -> str:
    """A `table*` for the packages booktabs and graphicx (before 2020 also textcomp), wide as the page, notes below."""
    head, *rows = [" & ".join(map(escape, line)) + r" \\" for line in (table.columns, *table.lines)]
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}",
        *(r"\toprule", head, r"\midrule", *rows, r"\bottomrule"),
        r"\end{tabular}}",
        r"\begin{itemize}\footnotesize",
        *(rf"\item {escape(note)}" for note in table.notes),
        r"\end{itemize}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX prints as it is, two hyphens as two, so that commands can be copied."""
    return re.sub("-(?=-)", "-{}", "".join(_LATEX.get(letter, letter) for letter in text))


FORMATS = {"md": as_markdown, "csv": as_csv, "tex": as_latex}


def write_tables(tables: list[Table], folder: Path) -> list[Path]:
    """Writes every table in every format; returns the files."""
    files = {folder / f"{table.name}.{suffix}": made(table) for table in tables for suffix, made in FORMATS.items()}
    for path, text in files.items():
        with atomic_write(path) as opened:
            opened.write(text.encode())
    return list(files)
