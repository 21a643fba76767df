"""What a test reports: protocols, smoothings, reference scores, intervals and pictures."""

from dataclasses import dataclass
from typing import Literal

from syrfa.datasets.protocol_constants import PUBLISHED_CONSTANTS, ConstantsName, ConstantsOptions
from syrfa.errors import ConfigError
from syrfa.evaluation.metrics.alarms import AlarmRule
from syrfa.evaluation.protocols import PaperProtocol, Protocol, Smoothing, StrictProtocol, TrackedProtocol
from syrfa.evaluation.reference import Method

SMOOTHINGS: tuple[Smoothing, ...] = ("none", "centred", "causal")


@dataclass(frozen=True)
class EvaluationOptions:
    """The options `evaluation.*` of `validate` and `test`, and what `syrfa evaluate` takes.

    A result holds the strict protocol with each smoothing, and the paper protocol where there are constants for it. The
    one that `protocol` and `smoothing` name comes first and is logged. `tracks` and `reference` are extensions.

    Attributes:
        protocol: `strict` uses nothing of the test data; `paper` is the published post-processing.
        smoothing: of the strict protocol: `none`, `centred` or `causal`.
        window: frames averaged by `centred` and `causal`.
        constants: of the paper protocol, in place of those that the data's config names (data.target.constants). Where
            there are neither, that protocol is left out.
        bootstrap: resamples of the test videos behind the confidence intervals; 0 for none.
        pictures: draw score curves and one anomaly-map overlay after a test.
        tracks: also report scores averaged along short tracks, as `tracked`, with each smoothing.
        track_window: frames averaged along a track, odd.
        track_iou: overlap, as intersection over union, from which boxes of neighbouring frames are linked.
        reference: also report scores put in terms of the normals of the target's training split, in each of these
            ways; see `syrfa.evaluation.Reference`.
        reference_neighbours: normals nearest in place and size that an object is compared with.
        reference_boxes: about as many boxes of the training split are scored, those of every n-th frame.
        alarm_recall: share of abnormal frames at which false alarms an hour are counted.
        regions: after a test, also measure RBDC and TBDC where the data set knows its abnormal regions.
        feature_distance: also measure how far restyling moves the features of tubes (the paper's Fig. 4).
        feature_distance_tubes: of how many tubes of the split, drawn at random; 0 takes all.
        feature_distance_seed: of that draw and of whose style a tube takes; the same for all runs that are compared.

    Raises:
        ConfigError: a number is out of range.
    """

    protocol: Literal["strict", "paper"] = "strict"
    smoothing: Smoothing = "centred"
    window: int = 25
    constants: ConstantsOptions | None = None
    bootstrap: int = 1000
    pictures: bool = True
    tracks: bool = False
    track_window: int = 11
    track_iou: float = 0.3
    reference: tuple[Method, ...] = ()
    reference_neighbours: int = 200
    reference_boxes: int = 10_000
    alarm_recall: float = 0.9
    regions: bool = True
    feature_distance: bool = False
    feature_distance_tubes: int = 2000
    feature_distance_seed: int = 0

    def __post_init__(self) -> None:
        least = {"bootstrap": 0, "reference_neighbours": 1, "reference_boxes": 1}
        for name, minimum in {**least, "feature_distance_tubes": 0, "feature_distance_seed": 0}.items():
            if getattr(self, name) < minimum:
                raise ConfigError(f"evaluation.{name}={getattr(self, name)}: give a number of at least {minimum}")
        AlarmRule(self.alarm_recall)
        # a window or constant that does not fit is refused before hours of training
        self.protocols(0)
        if self.constants is not None and self.constants.of is None:
            self.constants.check()

    @property
    def first(self) -> tuple[str, str]:
        """Protocol and smoothing that come first."""
        return self.protocol, self.smoothing if self.protocol == "strict" else "gaussian"

    def constants_of(self, data: ConstantsName | None) -> ConstantsName | None:
        """Whose constants the paper protocol takes, for data that name `data`."""
        return (self.constants.of if self.constants else None) or data

    def check(self, data: ConstantsName | None, domain: str = "target") -> None:
        """ConfigError for a paper protocol without fitting constants; `domain` is for the message."""
        if self.protocol == "paper" and self.constants_of(data) is None:
            raise ConfigError(
                f"evaluation.protocol=paper: data.{domain}.constants names no published constants; set it, or "
                f"evaluation.constants.of, to one of {', '.join(PUBLISHED_CONSTANTS)}"
            )
        self.protocols(0, data)

    def protocols(self, radius: int, data: ConstantsName | None = None) -> list[Protocol]:
        """Every protocol, the first one first; `radius` is half a tube's frames, `data` as in `constants_of`."""
        found: list[Protocol] = [StrictProtocol(radius, smoothing, self.window) for smoothing in SMOOTHINGS]
        constants = self.constants_of(data)
        if constants is not None:
            found.append(PaperProtocol(constants, radius, self.constants))
        if self.tracks:
            found += [
                TrackedProtocol(radius, smoothing, self.window, track_window=self.track_window, min_iou=self.track_iou)
                for smoothing in SMOOTHINGS
            ]
        return sorted(found, key=lambda each: (each.name, each.smoothing) != self.first)

    def note(self, dataset: str, data: ConstantsName | None) -> str | None:
        """A line that the paper protocol takes the constants of another data set than its own, where it does."""
        taken = self.constants_of(data)
        own = dataset if dataset in PUBLISHED_CONSTANTS else data
        if taken is None or own is None or taken == own:
            return None
        return f"the paper protocol takes the constants of {taken} for {dataset}, not {own}'s"
