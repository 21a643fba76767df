"""What every reader of a `result.json` shares."""

import json
from pathlib import Path
from typing import Any

import pytest

from syrfa.errors import DataNotFoundError, UserError
from syrfa.evaluation.result import audit_of, read_result, selection


def evaluation(**micro: Any) -> dict[str, Any]:
    return {
        "protocol": {"protocol": "strict", "smoothing": "none"},
        "metrics": {"micro_auroc": {"value": 0.5, **micro}},
        "baselines": {"box_width": {"micro_auroc": {"value": None, "reason": "one class"}}},
    }


def write(folder: Path, **changes: Any) -> Path:
    result = {"schema": 2, "seed": 1, "steps": 7, "evaluations": [evaluation()], **changes}
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_a_folder_and_its_file_are_the_same_result(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert read_result(folder) == read_result(folder / "result.json")
    with pytest.raises(DataNotFoundError, match="has not finished"):
        read_result(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 1}, "not a result of this version"),
        ({"evaluations": []}, "damaged"),
        ({"evaluations": {"0": evaluation()}}, "damaged"),
        ({"seed": "1"}, "seed '1' is no integer"),
        ({"steps": 1.0}, "steps 1.0 is no integer"),
        ({"seed": "x" * 1000}, "seed 'x{39}... is no integer"),
        (
            {"evaluations": [evaluation(), evaluation(value="0.9")]},
            r"evaluations.1.metrics.micro_auroc.value '0.9' is no number",
        ),
        ({"evaluations": [evaluation(ci_low="<b>")]}, "micro_auroc.ci_low '<b>' is no number"),
        ({"evaluations": [evaluation(chance=True)]}, "micro_auroc.chance True is no number"),
        ({"evaluations": [evaluation(value=float("nan"))]}, "micro_auroc.value nan is no number"),
        ({"regions": {"rbdc": {"value": []}}}, r"regions.rbdc.value \[\] is no number"),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    folder = write(tmp_path, **changes)
    with pytest.raises(UserError, match=said) as error:
        read_result(folder)
    assert str(error.value).startswith(f"{folder / 'result.json'}: ")
    assert len(str(error.value).splitlines()) == 1


def part(monitor: str = "", on: str = "", **more: str) -> dict[str, str]:
    return {"monitor": monitor, "monitored_sha256": on, **more}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "fixed, 7 steps"),
        ({"trained_on": [part(), part()]}, "fixed, 7 steps"),
        ({"trained_on": [part()], "steps": 0}, "fixed"),
        ({"trained_on": [part("val/x", "other")]}, "best val/x on validation"),
        ({"trained_on": [part("train/cls")]}, "best train/cls on the training batches"),
        ({"trained_on": [part("val/x", "tested")], "oracle": True}, "best val/x on the test split (oracle)"),
        ({"trained_on": [part("val/x", "a"), part("val/x", "a")]}, "best val/x on validation"),
        ({"oracle": True}, "best test AUC (oracle)"),
        ({"trained_on": [part("not recorded", weights="w.pth"), part()]}, "fixed, 7 steps"),
    ],
)
def test_the_selection_says_what_the_weights_were_chosen_by(changes: dict[str, Any], said: str) -> None:
    assert selection({"manifest_sha256": "tested", "oracle": False, "steps": 7, **changes}) == said


def test_the_audit_is_the_stored_one_or_made_anew() -> None:
    result = {"oracle": True, "transductive": False, "manifest_sha256": "tested", "trained_on": [part()]}
    assert audit_of(result, evaluation()).line.startswith("test information: oracle")
    stored = {"line": "as it stands", "test_information": ["x"]}
    assert audit_of(result, {**evaluation(), "audit": stored}) == ("as it stands", ["x"])
