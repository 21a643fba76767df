"""What a result says of feature distances, and when they are refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from lightning import LightningModule

from syrfa.errors import ConfigError
from syrfa.evaluation.feature_distance import check_feature_distance, describe, feature_distance, summary
from syrfa.modules import JigsawModule, RealAdaptModule

KNOWLEDGE = {"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": {"width": 2}}


def test_the_summary_of_five_tubes_made_by_hand() -> None:
    apart, between = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([10.0, 10.0, 10.0, 10.0, 20.0])
    abnormal = np.array([False, True, False, True, True])
    said = summary(apart, between, abnormal, np.array([0, 0, 2, 2, 2]), ["a", "empty", "c"])
    assert said["groups"]["all"]["mean"] == 3
    assert said["groups"]["all"]["quantiles"] == pytest.approx([1.2, 2, 3, 4, 4.8])
    assert said["groups"]["all"]["std"] == pytest.approx(np.sqrt(2))
    assert (said["groups"]["normal"]["tubes"], said["groups"]["normal"]["mean"]) == (2, 2)
    assert (said["groups"]["abnormal"]["tubes"], said["groups"]["abnormal"]["mean"]) == (3, pytest.approx(11 / 3))
    assert said["between"]["mean"] == 12
    assert said["by_video"] == [{"video": "a", "tubes": 2, "mean": 1.5}, {"video": "c", "tubes": 3, "mean": 4.0}]


def test_a_group_without_tubes_has_no_numbers() -> None:
    assert describe(np.zeros(0)) == {"tubes": 0, "mean": None, "std": None, "quantiles": None}


def test_a_module_without_streams_and_too_few_tubes_are_refused() -> None:
    for module in (JigsawModule(width=2), LightningModule()):
        with pytest.raises(ConfigError, match=rf"a {type(module).__name__} has no restyled stream"):
            check_feature_distance(module, 10)
    module = RealAdaptModule(knowledge=KNOWLEDGE)
    blocks = len(module.network.style.blocks)
    for tubes in (10, blocks + 1, 0):
        check_feature_distance(module, tubes)
    for tubes in (1, blocks):
        with pytest.raises(ConfigError, match=rf"feature_distance_tubes={tubes}: they are too few .* or 0 for all"):
            check_feature_distance(module, tubes)


def test_a_split_of_too_few_tubes_costs_the_distance_not_the_result() -> None:
    split = SimpleNamespace(rows=np.arange(2), dataset="street", split="test")
    found = feature_distance(None, RealAdaptModule(knowledge=KNOWLEDGE), split, [], 0, 0)
    assert found.keys() == {"value", "reason"}
    assert found["value"] is None
    assert "street test: 2 tubes are too few" in found["reason"]
