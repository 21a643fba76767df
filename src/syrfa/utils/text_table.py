"""Numbers in per cent, and rows and columns as text: aligned for a terminal, or Markdown."""

import statistics
from collections.abc import Sequence

Cell = str | int | float | None


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as a percentage; `-` for None."""
    return "-" if value is None else f"{100 * value:.{digits}f}"


def mean_and_deviation(values: Sequence[float | None]) -> str:
    """Fractions as `92.0 ± 2.0` in per cent: mean and sample standard deviation; without ± for one, `-` for none."""
    known = [100 * value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {statistics.stdev(known):.1f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.1f}{spread}"


def text_table(rows: Sequence[Sequence[Cell]], columns: Sequence[str], digits: int = 1) -> str:
    """An aligned table for a monospaced terminal, without a newline at its end; numbers right, text left.

    A float is printed with `digits` decimals, None as `-`.
    """
    cells, right = _texts(rows, columns, digits)
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    sides = [(">" if number else "<") + str(width) for width, number in zip(widths, right, strict=True)]
    lines = [
        "  ".join(format(cell, side) for cell, side in zip(line, sides, strict=True))
        for line in (columns, ["-" * width for width in widths], *cells)
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(rows: Sequence[Sequence[Cell]], columns: Sequence[str], digits: int = 1) -> str:
    """The same as a Markdown table; `|` and line breaks inside a cell are escaped."""
    cells, right = _texts(rows, columns, digits)
    head, *body = [[text.replace("|", "\\|").replace("\n", "<br>") for text in line] for line in (columns, *cells)]
    rule = ["---:" if number else "---" for number in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *body))


def _texts(rows: Sequence[Sequence[Cell]], columns: Sequence[str], digits: int) -> tuple[list[list[str]], list[bool]]:
    """Every cell as text, and for every column whether it holds numbers alone."""
    kinds = [{type(row[column]) for row in rows} for column in range(len(columns))]
    right = [str not in kind and bool(kind - {type(None)}) for kind in kinds]
    texts = [
        ["-" if cell is None else f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in rows
    ]
    return texts, right
