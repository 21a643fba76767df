"""What a config says of a domain, and what becomes of it in a stage."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset
from syrfa.datasets.protocol_constants import ConstantsName
from syrfa.detection.base import Detector
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.spec import TubeFilter, TubeSpec

Domain = Literal["source", "target"]


@dataclass
class TubeSource:
    """A data set with the detector and the rules that make tubes of it.

    Attributes:
        dataset: where videos and labels are.
        detector: finds the boxes.
        spec: how boxes become tubes.
        train_spec: the same for the train split, when it differs (another stride or margin).
        filter: which tubes are used.
        train_split: the split trained on.
        validation_split: the split validated on; None for no validation.
        test_split: the split tested on.
        constants: of which data set the published constants are, for a test that also reports the paper protocol; None
            where nothing was published.
    """

    dataset: VideoDataset
    detector: Detector
    spec: TubeSpec = field(default_factory=TubeSpec)
    train_spec: TubeSpec | None = None
    filter: TubeFilter = field(default_factory=TubeFilter)
    train_split: str = "train"
    validation_split: str | None = None
    test_split: str = "test"
    constants: ConstantsName | None = None


@dataclass(frozen=True)
class SplitUse:
    """One split of a domain as a stage uses it; `spec` says how boxes of this split become tubes."""

    domain: Domain
    source: TubeSource
    split: str
    spec: TubeSpec


@dataclass(frozen=True)
class EvaluatedSplit:
    """What the scores of a stage belong to: all that a callback needs to know of the data.

    `rows` are those rows of `cache.index` that are scored, int64, ascending; `row` of a batch is one of them.
    `manifest_hash` is that of the data set's split, videos and labels.
    """

    cache: TubeCache
    rows: NDArray[np.int64]
    source: TubeSource
    domain: Domain
    split: str
    manifest_hash: str

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.source.dataset.name
