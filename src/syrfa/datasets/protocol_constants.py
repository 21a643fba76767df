"""The constants of the paper's post-processing, data set by data set (docs/evaluation.md has the source of each)."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from syrfa.errors import ConfigError

ConstantsName = Literal["ped2", "avenue", "shanghaitech"]
Edges = Literal["most normal", "replicate"]
Ends = Literal["copy", "replicate"]


@dataclass(frozen=True)
class ProtocolConstants:
    """Every constant of the paper protocol. The defaults are Ped2's.

    Attributes:
        block: pixels a cell of the anomaly map; 0 for no map, so that a frame's score is that of its worst object.
        filter_size: cells and frames on every side of the mean filter; 1 for none.
        mean_window: frames averaged in the interior of a video, before the Gaussian; 1 for none.
        taps: weights of the Gaussian.
        sigma: its standard deviation, frames.
        centre: the tap, counted from 1, on which it peaks; the middle of 49 taps is 25, the published 24 one early.
        edges: the first and last T//2 frames, which have no tube: `most normal` before any filter, or `replicate` the
            nearest scored frame.
        ends: what the Gaussian sees beyond a video: a `copy` of as many first or last values in their own order, or
            `replicate` the first or last value.

    Raises:
        ConfigError: a number is out of range.
    """

    block: int = 1
    filter_size: int = 5
    mean_window: int = 1
    taps: int = 49
    sigma: float = 20.0
    centre: int = 24
    edges: Edges = "most normal"
    ends: Ends = "copy"

    def __post_init__(self) -> None:
        for name in ("filter_size", "mean_window", "taps"):
            value = getattr(self, name)
            if value < 1 or value % 2 == 0:
                _refuse(name, value, "give an odd number of at least 1")
        if self.block < 0:
            _refuse("block", self.block, "give pixels a cell, or 0 for no map")
        if not self.block and self.filter_size > 1:
            _refuse("filter_size", self.filter_size, "without a map (block 0) there is nothing to filter; set it to 1")
        if not 0 < self.sigma < math.inf:
            _refuse("sigma", self.sigma, "give a number of frames above 0")
        if not 1 <= self.centre <= self.taps:
            _refuse("centre", self.centre, f"give a tap from 1 to {self.taps}")
        for name, words in (("edges", get_args(Edges)), ("ends", get_args(Ends))):
            if getattr(self, name) not in words:
                _refuse(name, getattr(self, name), f"use one of {', '.join(words)}")


PUBLISHED_CONSTANTS: dict[ConstantsName, ProtocolConstants] = {
    "ped2": ProtocolConstants(),
    "avenue": ProtocolConstants(block=20),
    "shanghaitech": ProtocolConstants(block=0, filter_size=1, mean_window=43),
}


@dataclass(frozen=True)
class ConstantsOptions:
    """The option `evaluation.constants`: constants of `ProtocolConstants` that are replaced; None leaves one as it is.

    Attributes:
        of: the data set of `PUBLISHED_CONSTANTS`; None for the one that the data's config names (data.*.constants).
    """

    of: ConstantsName | None = None
    block: int | None = None
    filter_size: int | None = None
    mean_window: int | None = None
    taps: int | None = None
    sigma: float | None = None
    centre: int | None = None
    edges: Edges | None = None
    ends: Ends | None = None

    def check(self) -> None:
        """Refuses, with a ConfigError, what fits the published constants of no data set."""
        refusals = []
        for name in PUBLISHED_CONSTANTS:
            try:
                self.applied_to(name)
            except ConfigError as error:
                refusals.append(error)
        if len(refusals) == len(PUBLISHED_CONSTANTS):
            raise refusals[0]

    def applied_to(self, name: ConstantsName) -> ProtocolConstants:
        """The constants of `of`, else of `name`, with these in place of their own; ConfigError as they raise it."""
        changed = {key: value for key, value in asdict(self).items() if key != "of" and value is not None}
        return replace(PUBLISHED_CONSTANTS[self.of or name], **changed)


def _refuse(name: str, value: object, advice: str) -> None:
    raise ConfigError(f"evaluation.constants.{name}={value}: {advice}")
