"""The docs say what the code does: constants, metrics, data sets, configs; and their links lead somewhere."""

import json
import re
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_run import ROOT

from syrfa.__main__ import VERBS, main
from syrfa.datasets.protocol_constants import PUBLISHED_CONSTANTS, ProtocolConstants
from syrfa.datasets.regions import MIN_AREA
from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms
from syrfa.evaluation.metrics.frame_level import METRICS
from syrfa.evaluation.metrics.region_level import MIN_IOU, TRACK_SHARE

PAGES = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "experiments").rglob("*.md"), *ROOT.glob("*.md")])
PAGES += [ROOT / "lightning_config" / "README.md", ROOT / "data" / "README.md"]


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [link for link in targets if link and "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_code_and_configs_name_pages_that_exist() -> None:
    kinds, texts = (".py", ".yaml", ".mk", ".html"), []
    for folder in ("src", "tests", "experiments", "lightning_config"):
        texts += [path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    named = {name for text in texts for name in re.findall(r"docs/(\w+)\.md", text)}
    assert named - {path.stem for path in (ROOT / "docs").glob("*.md")} == set()


def test_the_list_of_data_sets_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", "--markdown", "true"]) == 0
    assert capsys.readouterr().out.strip() in page("data")


def test_every_verb_is_explained() -> None:
    table = page("getting_started").split("## Verbs")[1].split("##")[0]
    assert [verb for verb in VERBS if f"`{verb}`" not in table] == []


@pytest.mark.parametrize("name", [*METRICS, "rbdc", "tbdc", "box_width", "random_smoothed"])
def test_every_metric_and_baseline_is_explained(name: str) -> None:
    assert f"`{name}`" in page("evaluation") or name.upper() in page("evaluation")


def test_every_key_of_the_alarms_that_is_explained_is_there() -> None:
    found = false_alarms([np.array([0.1, 0.9])], [np.array([0, 1])], AlarmRule())
    assert {"false_alarms_per_hour", "normal_in_alarm", "event_recall"} <= set(found)
    assert AlarmRule().recall == 0.9


def test_region_constants_are_those_of_the_page() -> None:
    assert (MIN_IOU, TRACK_SHARE, MIN_AREA) == (0.1, 0.1, 10)


def test_every_protocol_constant_and_its_published_values() -> None:
    for field in fields(ProtocolConstants):
        values = [asdict(PUBLISHED_CONSTANTS[name])[field.name] for name in ("ped2", "avenue", "shanghaitech")]
        shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
        assert f"| `{field.name}` | {' | '.join(shown)} |" in page("evaluation")


def test_the_constants_of_the_data_configs() -> None:
    named = {}
    for path in sorted((ROOT / "lightning_config" / "data").glob("*.yaml")):
        target = yaml.safe_load(path.read_text())["data"].get("target")
        if target is not None:
            named[path.name] = target["constants"]
    of_ped2 = ("ped2.yaml", "ped2_motion.yaml", "ped2_yolo.yaml", "demo.yaml")
    expected = {**dict.fromkeys(of_ped2, "ped2"), **dict.fromkeys(("ped1.yaml", "folder.yaml"), None)}
    assert named == {**expected, "avenue.yaml": "avenue", "shanghaitech.yaml": "shanghaitech"}


def test_the_speed_of_the_region_metrics_is_what_was_measured() -> None:
    rows = json.loads((ROOT / "experiments" / "results" / "bench_regions.json").read_text())["rows"]
    naive, ours = rows["RBDC and TBDC, plain loop, s"], rows["RBDC and TBDC, ours, s"]
    assert f"{ours:.2f} s against {naive:.2f} s" in page("performance")
