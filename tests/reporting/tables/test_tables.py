"""The table builder on canned results: bytes that are pinned, and what each cell says."""

import os
import re
from pathlib import Path

import pytest
from canned_results import canned_result, reading, source_part

from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import Spec, read_spec
from syrfa.reporting.tables import FORMATS, Table, as_latex, build_tables, escape

GOLDEN = Path(__file__).parent / "golden"
HASHES = {"plain": "a" * 64, "full": "b" * 64, "full_rap": "c" * 64}
COMMAND = "--dataset demo --seeds 1,2,3"
Seeds = dict[int, Outcome]


def good(*values: float) -> Seeds:
    return {seed: Outcome(canned_result(seed, value)) for seed, value in enumerate(values, start=1)}


@pytest.fixture
def spec(folder: Path) -> Spec:
    return read_spec(folder / "experiments" / "tables.yaml")


def build(spec: Spec, name: str, **runs: Seeds) -> Table:
    outcomes = {"plain": good(0.9), "full": good(0.9), "full_rap": good(0.9), **runs}
    return build_tables(spec, [name], "demo", outcomes, HASHES, COMMAND)[0]


def cells(table: Table, line: int) -> dict[str, str]:
    return dict(zip(table.columns, table.lines[line], strict=True))


@pytest.mark.parametrize("suffix", FORMATS)
def test_bytes_are_pinned(spec: Spec, suffix: str) -> None:
    """`SYRFA_GOLDEN=1` writes them anew; look at the difference before it is committed."""
    lost = {**good(0.955, 0.965), 3: Outcome(reason="failed: fit: no space left & 100 % full (exit code 2)")}
    flagged = {1: Outcome(canned_result(1, 0.91, oracle=True)), 2: Outcome(canned_result(2, 0.93))}
    assert flagged[1].result is not None
    for part in flagged[1].result["evaluations"]:
        part["audit"] = {"line": "test information: oracle.", "test_information": ["oracle: by the tested split"]}
    absent = {seed: Outcome(reason="not run: no test videos of Demo_1 in $SYRFA_DATA/demo") for seed in (1, 2)}
    tables = [build(spec, "table1", full_rap=lost), build(spec, "table2", plain=absent, full=flagged, full_rap=lost)]
    text = "\n".join(FORMATS[suffix](table) for table in tables)
    file = GOLDEN / f"tables.{suffix}"
    if os.environ.get("SYRFA_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_mean_deviation_and_difference_are_of_all_seeds(spec: Spec) -> None:
    table = build(spec, "table1", full_rap=good(0.9, 0.92, 0.94))
    ours = cells(table, 1)
    assert ours["paper"] == "96.9"
    assert ours["ours, mean ± std (n)"] == "92.0 ± 2.0 (3)"
    assert ours["difference"] == "-4.9"
    assert ours["95 % interval"] == "85.0 to 96.0"
    assert (ours["box_width"], ours["random_smoothed"], ours["chance"]) == ("96.0", "51.2", "50.0")
    assert (ours["protocol"], ours["test information"]) == ("strict, centred", "none")
    theirs = cells(table, 2)
    assert (theirs["protocol"], theirs["ours, mean ± std (n)"]) == ("paper, gaussian", "82.0 ± 2.0 (3)")
    assert theirs["test information"] == "scaling: by each test video's own extremes"


@pytest.mark.parametrize(("value", "said"), [(0.96898, "0.0"), (0.96902, "0.0"), (0.968, "-0.1"), (0.97, "+0.1")])
def test_no_difference_has_no_sign(spec: Spec, value: float, said: str) -> None:
    assert cells(build(spec, "table1", full_rap=good(value)), 1)["difference"] == said


def test_cited_rows_are_left_out_where_the_paper_has_no_number_at_all(spec: Spec) -> None:
    for row in spec.tables["table1"].rows:
        row.paper = {"ped2": row.paper["demo"]}
    table = build(spec, "table1")
    assert [line[0] for line in table.lines] == ["Ours", "Ours"]
    assert "The paper cites 1 more rows, and has no number of this data set." in table.notes


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(reason="not run: no test videos"), "not run: no test videos"),
        (Outcome(reason="failed: fit: bad"), "failed: fit: bad"),
        (Outcome(canned_result(1, 0.9, videos=2, videos_released=107)), "not run: 105 of 107 test videos are missing"),
        (Outcome(canned_result(1, None)), "undefined: every frame is abnormal"),
        (
            Outcome(canned_result(1, 0.9, evaluations=[reading("tracked", "centred", 0.9, 0.9)])),
            "not run: the result has no",
        ),
    ],
)
def test_where_there_is_no_number_the_cell_says_why(spec: Spec, outcome: Outcome, said: str) -> None:
    table = build(spec, "table1", full_rap={1: outcome})
    for number in (1, 2):
        line = cells(table, number)
        assert line["ours, mean ± std (n)"].startswith(said)
        assert line["difference"] == line["box_width"] == line["95 % interval"] == "-"


def test_rescaled_evaluations_are_not_taken_for_the_plain_ones(spec: Spec) -> None:
    result = canned_result(1, 0.9)
    rescaled = reading("strict", "centred", 0.99, 0.9)
    rescaled["protocol"]["reference"] = "fused"
    result["evaluations"].insert(0, rescaled)
    assert cells(build(spec, "table1", full_rap={1: Outcome(result)}), 1)["ours, mean ± std (n)"] == "90.0 (1)"


def test_a_result_of_before_there_were_audits_is_audited(spec: Spec) -> None:
    result = canned_result(1, 0.9, transductive=True, oracle=True)
    for part in result["evaluations"]:
        del part["audit"]
    table = build(spec, "table1", full_rap={1: Outcome(result)})
    line = cells(table, 1)
    assert "transductive" in line["test information"]
    assert "oracle" in line["test information"]
    assert line["selection"] == "best test AUC (oracle)"
    assert any(note.startswith("Audit under strict, centred: test information: transductive") for note in table.notes)


def test_notes_say_how_the_numbers_were_made(spec: Spec) -> None:
    notes = "\n".join(build(spec, "table2", full_rap=good(0.9, 0.91)).notes)
    for said in ("Seeds: 1, 2.", "commit 0000000", "width 8 (paper: 32)", "lr of phase 1 0.002 (paper: 1e-05)"):
        assert said in notes
    assert "1 = plain aaaaaaaaaaaa; 2 = full bbbbbbbbbbbb; 3 = full_rap cccccccccccc." in notes
    assert "full_rap 3.0e-05 on average, 2.0e-04 at most." in notes
    assert f"Made by: python -m syrfa tables table2 {COMMAND}" in notes
    assert "Audit under paper, gaussian: test information: scaling: by each test video's own extremes." in notes
    one, two = canned_result(1, 0.9), canned_result(2, 0.9, videos=11, frames=1900, objects=30000, cache_key="0" * 12)
    two["environment"]["threads"], two["device"] = 4, "cuda:0"
    notes = "\n".join(build(spec, "table1", full_rap={1: Outcome(one), 2: Outcome(two)}).notes)
    assert "12 videos, 2010 frames, 31735 objects, manifest 41862a8c062d, tubes 6a1f8bad0cde / 11 videos" in notes
    assert "device cpu, cuda:0, precision 32-true, threads 1, 4." in notes


def test_what_was_trained_on_the_clean_stream_alone_is_named_so(spec: Spec) -> None:
    result = canned_result(1, 0.9)
    result["settings"]["knowledge"]["clean_only"] = True
    table = build(spec, "table1", full_rap={1: Outcome(result)})
    assert [line[0] for line in table.lines[1:]] == ["Ours, clean_only"] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "source the generated world standard (paper: UBnormal), pretraining none (paper: jigsaw puzzles)."),
        ({"run_record": {"steps": [{"data": [source_part(None)]}]}}, "source ubnormal (paper: UBnormal)"),
        ({"run_record": None}, "source not on record (paper: UBnormal)"),
        ({"settings": {"pretrained": "stage0.ckpt"}}, "pretraining weights of stage 0 (paper: jigsaw puzzles)"),
        ({"settings": {}}, "pretraining not on record (paper: jigsaw puzzles)"),
    ],
)
def test_notes_say_what_the_results_say_of_source_and_pretraining(
    spec: Spec, change: dict[str, object], said: str
) -> None:
    notes = "\n".join(build(spec, "table1", full_rap={1: Outcome(canned_result(1, 0.9, **change))}).notes)
    assert said in notes


def test_latex_prints_every_letter_as_it_is(spec: Spec) -> None:
    spec.tables["table2"].rows[0].name = r"50 % & $x_1$ #{~^\}"
    text = as_latex(build(spec, "table2"))
    name = next(line for line in text.splitlines() if line.startswith("50")).split(" & ")[0]
    assert name == r"50 \% \& \$x\_1\$ \#\{\textasciitilde{}\textasciicircum{}\textbackslash{}\}"
    assert not re.search(r"(?<!\\)%(?!$)", text.replace("{!}{%", ""), re.MULTILINE)
    assert escape("--dry_run --- -1") == r"-{}-dry\_run -{}-{}- -1"
    assert escape("see `x` | 'y' | \"z\"") == (
        r"see \textasciigrave{}x\textasciigrave{} \textbar{} \textquotesingle{}y\textquotesingle{} \textbar{} "
        r"{\ttfamily\char34}z{\ttfamily\char34}"
    )
