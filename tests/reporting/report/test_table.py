import subprocess
import sys

import pytest

from syrfa.evaluation.metrics import MetricValue
from syrfa.utils.text_table import markdown_table, percent, text_table

ROWS = [
    ["ours", 3, MetricValue(0.958, 0.941, 0.972, 0.5)],
    ["box width | none", 12, MetricValue(0.9642)],
    ["chance", None, MetricValue.undefined("one class")],
]
COLUMNS = ["scorer", "seeds", "micro AUROC"]


def test_text_table_is_aligned():
    assert text_table(ROWS, COLUMNS) == "\n".join(
        [
            "scorer            seeds        micro AUROC",
            "----------------  -----  -----------------",
            "ours                  3  95.8 [94.1, 97.2]",
            "box width | none     12               96.4",
            "chance                -                  -",
        ]
    )


def test_markdown_escapes_bars():
    lines = markdown_table(ROWS, COLUMNS, digits=2).splitlines()
    assert lines[1] == "| --- | ---: | ---: |"
    assert lines[3] == "| box width \\| none | 12 | 96.42 |"


def test_headings_alone():
    assert text_table([], ["a", "bc"]) == "a  bc\n-  --"


def test_a_short_row_is_refused():
    with pytest.raises(ValueError, match="row 1 has 1 cells for 2 columns"):
        text_table([["a", 1], ["b"]], ["x", "y"])


def test_percent():
    assert percent(MetricValue(1.0), 2) == "100.00"
    assert percent(MetricValue(0.5, 0.25, None)) == "50.0"
    assert percent(None) == "-"


def test_a_table_waits_for_neither_torch_nor_matplotlib():
    code = "import syrfa.utils.text_table, sys; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
