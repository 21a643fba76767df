"""Rows and columns as text: aligned for a terminal, or Markdown."""

import statistics
from collections.abc import Sequence

from syrfa.evaluation.metrics.value import MetricValue

Cell = str | int | float | MetricValue | None

_MISSING = "-"


def percent(value: MetricValue | float | None, digits: int = 1) -> str:
    """A fraction as a percentage, with its interval where it has one; `-` where it is undefined.

    Example:
        >>> percent(MetricValue(0.958, 0.941, 0.972, 0.5))
        '95.8 [94.1, 97.2]'
        >>> percent(0.5), percent(None)
        ('50.0', '-')
    """
    if not isinstance(value, MetricValue):
        value = MetricValue(value)
    if value.value is None:
        return _MISSING
    text = f"{100 * value.value:.{digits}f}"
    if value.ci_low is None or value.ci_high is None:
        return text
    return f"{text} [{100 * value.ci_low:.{digits}f}, {100 * value.ci_high:.{digits}f}]"


def mean_and_deviation(values: Sequence[float | None]) -> str:
    """Fractions as `92.0 ± 2.0` in per cent: mean and sample standard deviation; without ± for one, `-` for none.

    Example:
        >>> mean_and_deviation([0.9, 0.94, None]), mean_and_deviation([0.9]), mean_and_deviation([None])
        ('92.0 ± 2.8', '90.0', '-')
    """
    known = [100 * value for value in values if value is not None]
    if not known:
        return _MISSING
    spread = f" ± {statistics.stdev(known):.1f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.1f}{spread}"


def text_table(rows: Sequence[Sequence[Cell]], columns: Sequence[str], digits: int = 1) -> str:
    """An aligned table for a monospaced terminal, without a newline at its end.

    Numbers stand right, text left. A float is printed with `digits` decimals as it is, a `MetricValue` as a
    percentage with its interval, None as `-`.

    Args:
        rows: the cells, one a column.
        columns: the headings.
        digits: decimals.

    Raises:
        ValueError: a row has another number of cells than there are columns.

    Example:
        >>> print(text_table([["strict", 96.41], ["paper", None]], ["protocol", "AUROC"]))
        protocol  AUROC
        --------  -----
        strict     96.4
        paper         -
    """
    cells, right = _texts(rows, columns, digits)
    widths = [max(len(line[column]) for line in [list(columns), *cells]) for column in range(len(columns))]
    lines = [_line(columns, widths, right), _line(["-" * width for width in widths], widths, right)]
    return "\n".join(lines + [_line(line, widths, right) for line in cells])


def markdown_table(rows: Sequence[Sequence[Cell]], columns: Sequence[str], digits: int = 1) -> str:
    """The same as a Markdown table; `|` and line breaks inside a cell are escaped.

    Example:
        >>> print(markdown_table([["strict", 96.41]], ["protocol", "AUROC"]))
        | protocol | AUROC |
        | --- | ---: |
        | strict | 96.4 |
    """
    cells, right = _texts(rows, columns, digits)
    rule = ["---:" if number else "---" for number in right]
    body = [[text.replace("|", "\\|").replace("\n", "<br>") for text in line] for line in [list(columns), *cells]]
    return "\n".join("| " + " | ".join(line) + " |" for line in [body[0], rule, *body[1:]])


def _texts(rows: Sequence[Sequence[Cell]], columns: Sequence[str], digits: int) -> tuple[list[list[str]], list[bool]]:
    """Every cell as text, and for every column whether it holds numbers alone."""
    for number, row in enumerate(rows):
        if len(row) != len(columns):
            raise ValueError(f"row {number} has {len(row)} cells for {len(columns)} columns")
    right = [
        any(row[column] is not None for row in rows) and not any(isinstance(row[column], str) for row in rows)
        for column in range(len(columns))
    ]
    return [[_text(cell, digits) for cell in row] for row in rows], right


def _text(cell: Cell, digits: int) -> str:
    if cell is None:
        return _MISSING
    if isinstance(cell, MetricValue):
        return percent(cell, digits)
    return f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
