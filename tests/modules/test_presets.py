"""Presets: one word for every choice in which the paper's text and the published script differ."""

import pytest

from syrfa.errors import ConfigError
from syrfa.modules import RealAdaptModule, SynthKnowledgeModule
from syrfa.modules.presets import KNOWLEDGE, choose

RELEASED = {
    "style_blocks": [1, 2],
    "style_mix": "beta",
    "style_stats": "spatial",
    "style_one_of": True,
    "consistency_depth": 10,
    "consistency_bias": True,
    "consistency_relu": True,
    "consistency_norm": "mse",
    "consistency_input": "restyled_minus_clean",
    "normalise": "standardise_fixed",
    "align_over": "extractor",
    "recompute": True,
    "train_temporal_head": False,
}
PAPER = {
    "style_blocks": [1, 2],
    "style_mix": "swap",
    "style_stats": "spatiotemporal",
    "style_one_of": False,
    "consistency_depth": 1,
    "consistency_bias": False,
    "consistency_relu": False,
    "consistency_norm": "l2",
    "consistency_input": "clean_minus_restyled",
    "normalise": "unit",
    "align_over": "extractor",
    "recompute": False,
    "train_temporal_head": True,
}


def small(**settings):
    return SynthKnowledgeModule(**{"width": 2, "frames": 3, "size": 16, **settings})


@pytest.mark.parametrize(("given", "expected"), [({}, PAPER), ({"preset": "released"}, RELEASED)])
def test_one_word_decides_everything(given, expected):
    settings = small(**given).settings()
    assert {name: settings[name] for name in expected} == expected
    assert settings["preset"] == given.get("preset", "paper")


def test_a_given_option_wins_over_the_preset():
    settings = small(preset="released", style_one_of=False, consistency_depth=2, style_blocks=[1]).settings()
    changed = {"style_one_of": False, "consistency_depth": 2, "style_blocks": [1]}
    assert {name: settings[name] for name in RELEASED} == {**RELEASED, **changed}


def test_the_network_is_what_the_preset_says():
    module = small(preset="released")
    assert module.consistency.scale.shape == (10, module.extractor.features)
    assert module.consistency.bias.shape == (10, module.extractor.features)
    assert module.network.style.dims == (3, 4)
    learning = {id(p) for group in module.configure_optimizers()[0].param_groups for p in group["params"]}
    assert not learning & {id(p) for p in module.temporal.parameters()}


def test_phase_two_has_presets_too():
    assert RealAdaptModule().settings()["adapter"] == "rap"
    released = RealAdaptModule(preset="released").settings()
    assert (released["adapter"], released["adapter_args"], released["adapt_dropout"]) == ("ap", {"depth": 5}, True)
    rap = RealAdaptModule(preset="released", adapter="rap").settings()
    assert (rap["adapter"], rap["adapter_args"]) == ("rap", {})  # which has no layers
    assert RealAdaptModule(**rap).settings() == rap


def test_one_layer_has_no_relu_between_layers():
    settings = small(preset="released", consistency_depth=1).settings()
    assert settings["consistency_relu"] is False
    assert small(**settings).settings() == settings


@pytest.mark.parametrize(
    ("module", "given", "said"),
    [
        (small, {"consistency_relu": True}, "consistency_relu=True: .*set consistency_depth"),
        (RealAdaptModule, {"adapter_args": {"depth": 3}}, "adapter rap does not take them"),
        (RealAdaptModule, {"adapter": "none", "adapter_args": {"depth": 3}}, "none takes none"),
        (small, {"style_mix": "exchange"}, "style_mix=exchange: choose from swap, beta"),
        (small, {"normalise": "none"}, "normalise=none: choose from unit, standardise, standardise_fixed"),
        (RealAdaptModule, {"adapter": "lora"}, "adapter is 'lora'; choose"),
        (small, {"lr": float("nan")}, "lr=nan"),
        (small, {"lambda_cont": float("inf")}, "lambda_cont=inf"),
    ],
)
def test_what_nothing_would_read_and_what_is_no_value_is_refused(module, given, said):
    with pytest.raises(ConfigError, match=said):
        module(**given)


def test_settings_of_an_older_checkpoint_are_completed_with_the_papers():
    assert choose(KNOWLEDGE, {"preset": "paper", "style_mix": "beta"}).style_stats == "spatiotemporal"
    small = {"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": {"width": 2, "frames": 3, "size": 16}}
    knowledge = RealAdaptModule(knowledge=small).knowledge["init_args"]
    assert {name: knowledge[name] for name in PAPER} == PAPER


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match="choose from paper, released"):
        choose(KNOWLEDGE, {"preset": "other"})
