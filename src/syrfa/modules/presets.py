"""The two readings of the method, by name: the paper's text, and the script that its authors published.

Every choice that the two make differently is an option of a module. An option that is not given (None) is the preset's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from syrfa.errors import ConfigError
from syrfa.losses.alignment import AlignOver, Normalise
from syrfa.losses.objectives import ConsistencyInput, ConsistencyNorm
from syrfa.models import AdapterName
from syrfa.models.style import StyleMix, StyleStats

Preset = Literal["paper", "released"]
WHY_UNUSED = {
    "consistency_relu": "it stands between layers of f_c, and there is one; set consistency_depth to more",
    "adapter_depth": "only adapter ap has layers",
}
Options = TypeVar("Options", bound="KnowledgeOptions | AdaptationOptions")


@dataclass(frozen=True)
class KnowledgeOptions:
    """Phase 1's choices; the defaults are the literal reading of the paper. See `SynthKnowledgeModule`."""

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

    def unused(self) -> dict[str, Any]:
        """The options that nothing reads beside the others, and what they are to be instead."""
        return {"consistency_relu": False} if self.consistency_depth == 1 else {}


@dataclass(frozen=True)
class AdaptationOptions:
    """Phase 2's choices; the defaults are the literal reading of the paper. See `RealAdaptModule`."""

    adapter: AdapterName = "rap"
    adapter_depth: int = 1
    adapt_dropout: bool = False

    def unused(self) -> dict[str, Any]:
        """See `KnowledgeOptions.unused`."""
        return {"adapter_depth": 1} if self.adapter != "ap" else {}


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
    "released": AdaptationOptions(adapter="ap", adapter_depth=5, adapt_dropout=True),
}


def choose(presets: Mapping[str, Options], settings: Mapping[str, Any]) -> Options:
    """The preset's options, with those that `settings` gives in their place.

    Args:
        presets: `KNOWLEDGE` or `ADAPTATION`.
        settings: a module's settings, `preset` among them; None leaves an option to the preset.

    Raises:
        ConfigError: there is no preset of that name, an option has no such value, or nothing would read a given one.
    """
    name = settings["preset"]
    if name not in presets:
        raise ConfigError(f"model.init_args.preset={name}: choose from {', '.join(presets)}")
    preset = presets[name]
    given: dict[str, Any] = {field.name: settings.get(field.name) for field in fields(preset)}
    if given.get("style_blocks") is not None:
        given["style_blocks"] = tuple(given["style_blocks"])
    given = {key: value for key, value in given.items() if value is not None}
    for key, kind in get_type_hints(type(preset)).items():
        if get_origin(kind) is Literal and key in given and given[key] not in get_args(kind):
            raise ConfigError(f"model.init_args.{key}={given[key]}: choose from {', '.join(get_args(kind))}")
    chosen = replace(preset, **given)
    for key, value in chosen.unused().items():
        if given.get(key, value) != value:
            raise ConfigError(f"model.init_args.{key}={given[key]}: {WHY_UNUSED[key]}")
    return replace(chosen, **chosen.unused())
