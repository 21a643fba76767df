"""docs/protocols.md: its tables name the settings that there are."""

from dataclasses import asdict, fields
from pathlib import Path

import yaml
from small_run import ROOT

from syrfa.datasets.protocol_constants import PUBLISHED_CONSTANTS, ProtocolConstants

PAGE = (ROOT / "docs" / "protocols.md").read_text()


def test_every_constant_and_its_published_values_stand_in_the_table() -> None:
    for field in fields(ProtocolConstants):
        values = [asdict(PUBLISHED_CONSTANTS[recipe])[field.name] for recipe in ("ped2", "avenue", "shanghaitech")]
        shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
        assert f"| `{field.name}` | {' | '.join(shown)} |" in PAGE


def test_the_constants_of_the_data_configs() -> None:
    named = {}
    for path in sorted((ROOT / "lightning_config" / "data").glob("*.yaml")):
        target = yaml.safe_load(Path(path).read_text())["data"].get("target")
        if target is not None:
            named[path.name] = target["constants"]
    of_ped2 = ("ped2.yaml", "ped2_motion.yaml", "ped2_yolo.yaml", "demo.yaml")
    expected = {**dict.fromkeys(of_ped2, "ped2"), **dict.fromkeys(("ped1.yaml", "folder.yaml"), None)}
    assert named == {**expected, "avenue.yaml": "avenue", "shanghaitech.yaml": "shanghaitech"}
    assert all(f"`{name}`" in PAGE for name in named)
