"""Two presets of the method: the paper's text, and the script that its authors published.

Every choice that the two make differently is an option of a module. An option that is not given (None) is the preset's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from syrfa.errors import ConfigError
from syrfa.losses.alignment import AlignOver, Normalise
from syrfa.losses.objectives import ConsistencyInput, ConsistencyNorm
from syrfa.models.style import StyleMix, StyleStats

Preset = Literal["paper", "released"]
Options = TypeVar("Options", bound="KnowledgeOptions | AdaptationOptions")


@dataclass(frozen=True)
class KnowledgeOptions:
    """Phase 1's choices; the defaults are the paper's text. See `SynthKnowledgeModule`."""

    style_blocks: tuple[int, ...] = (1, 2)
    style_mix: StyleMix = "swap"
    style_stats: StyleStats = "spatiotemporal"
    style_one_of: bool = False
    consistency_depth: int = 1
    consistency_bias: bool = False
    consistency_relu: bool = False
    consistency_norm: ConsistencyNorm = "l2"
    consistency_input: ConsistencyInput = "clean_minus_restyled"
    normalise: Normalise = "unit"
    align_over: AlignOver = "extractor"
    recompute: bool = False
    train_temporal_head: bool = True


@dataclass(frozen=True)
class AdaptationOptions:
    """Phase 2's choices; the defaults are the paper's text. See `RealAdaptModule`."""

    adapter: str = "rap"
    adapter_args: dict[str, Any] = field(default_factory=dict)
    adapt_dropout: bool = False


KNOWLEDGE: Mapping[str, KnowledgeOptions] = {
    "paper": KnowledgeOptions(),
    "released": KnowledgeOptions(
        style_mix="beta",
        style_stats="spatial",
        style_one_of=True,
        consistency_depth=10,
        consistency_bias=True,
        consistency_relu=True,
        consistency_norm="mse",
        consistency_input="restyled_minus_clean",
        normalise="standardise_fixed",
        recompute=True,
        train_temporal_head=False,
    ),
}
ADAPTATION: Mapping[str, AdaptationOptions] = {
    "paper": AdaptationOptions(),
    "released": AdaptationOptions(adapter="ap", adapter_args={"depth": 5}, adapt_dropout=True),
}


def choose(presets: Mapping[str, Options], settings: Mapping[str, Any]) -> Options:
    """The options of `settings["preset"]`, with those that `settings` gives, not None, in their place.

    Raises:
        ConfigError: there is no preset of that name, an option has no such value, or nothing would read a given one.
    """
    name = settings["preset"]
    if name not in presets:
        raise ConfigError(f"model.init_args.preset={name}: choose from {', '.join(presets)}")
    preset = presets[name]
    given: dict[str, Any] = {option.name: settings.get(option.name) for option in fields(preset)}
    given = {key: value for key, value in given.items() if value is not None}
    if "style_blocks" in given:
        given["style_blocks"] = tuple(given["style_blocks"])
    for key, kind in get_type_hints(type(preset)).items():
        if get_origin(kind) is Literal and key in given and given[key] not in get_args(kind):
            raise ConfigError(f"model.init_args.{key}={given[key]}: choose from {', '.join(get_args(kind))}")
    if isinstance(preset, AdaptationOptions) and given.get("adapter", preset.adapter) != preset.adapter:
        given.setdefault("adapter_args", {})  # the preset's are of another adapter
    chosen = replace(preset, **given)
    if isinstance(chosen, KnowledgeOptions) and chosen.consistency_depth == 1 and chosen.consistency_relu:
        if "consistency_relu" in given:
            raise ConfigError(
                "model.init_args.consistency_relu=True: f_c has one layer, and no place between layers; set "
                "consistency_depth to more"
            )
        chosen = replace(chosen, consistency_relu=False)
    return chosen
