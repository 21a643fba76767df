from syrfa.utils.text_table import markdown_table, mean_and_deviation, percent, text_table

ROWS = [["ours", 3, 95.81], ["box width | none", 12, 96.42], ["chance", None, None]]
COLUMNS = ["scorer", "seeds", "micro AUROC"]


def test_text_table_is_aligned():
    assert text_table(ROWS, COLUMNS) == "\n".join(
        [
            "scorer            seeds  micro AUROC",
            "----------------  -----  -----------",
            "ours                  3         95.8",
            "box width | none     12         96.4",
            "chance                -            -",
        ]
    )


def test_markdown_escapes_bars():
    lines = markdown_table(ROWS, COLUMNS, digits=2).splitlines()
    assert lines[1] == "| --- | ---: | ---: |"
    assert lines[3] == "| box width \\| none | 12 | 96.42 |"


def test_headings_alone():
    assert text_table([], ["a", "bc"]) == "a  bc\n-  --"


def test_per_cent_and_mean_over_runs():
    assert (percent(1.0, 2), percent(0.5), percent(None)) == ("100.00", "50.0", "-")
    assert mean_and_deviation([0.9, None, 0.94]) == "92.0 ± 2.8"
    assert (mean_and_deviation([0.9]), mean_and_deviation([None])) == ("90.0", "-")
