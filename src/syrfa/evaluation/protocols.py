"""From object scores to frame scores: strict, strict along tracks, and as published (docs/evaluation.md)."""

from abc import ABC, abstractmethod
from dataclasses import asdict, replace
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.protocol_constants import PUBLISHED_CONSTANTS, ConstantsName, ConstantsOptions
from syrfa.errors import ConfigError
from syrfa.evaluation import paper_protocol as published
from syrfa.evaluation.scores import ObjectScores, max_per_frame
from syrfa.evaluation.tracks import MAX_GAP, link, mean_along

Smoothing = Literal["none", "centred", "causal"]


class FrameScores(NamedTuple):
    """A video's frame scores, float64 (frames,), larger = more abnormal: before smoothing, and for the metrics."""

    raw: NDArray[np.float64]
    final: NDArray[np.float64]


class Protocol(ABC):
    """Turns the objects of one video into its frame scores; one video never influences another."""

    name: ClassVar[str]
    smoothing: str

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Every setting as JSON; `test_statistics` is whether scores are scaled by statistics of test data."""

    @abstractmethod
    def frame_scores(self, objects: ObjectScores) -> FrameScores:
        """The frame scores of one video."""


class StrictProtocol(Protocol):
    """Maximum object score a frame, and a mean over a fixed number of frames. Nothing is fitted to test data.

    A frame without an object scores 0. The first and last `temporal_radius` frames, for which no tube exists, take the
    nearest scored frame's score; objects there are ignored, so that a baseline is measured on a model's frames.

    Args:
        temporal_radius: frames on either side of a tube's middle, 3 for tubes of 7.
        smoothing: `none`; `centred`, the mean of `window` frames around each; `causal`, of the last `window` frames;
            edges are replicated.
        window: frames averaged; odd for `centred`.

    Raises:
        ConfigError: a setting is out of range.
    """

    name = "strict"

    def __init__(self, temporal_radius: int = 3, smoothing: Smoothing = "centred", window: int = 25) -> None:
        _check_radius(temporal_radius)
        if smoothing not in get_args(Smoothing):
            raise ConfigError(f"protocol {self.name}: smoothing is {smoothing!r}; use one of {get_args(Smoothing)}")
        if window < 1 or (smoothing == "centred" and window % 2 == 0):
            raise ConfigError(f"protocol {self.name}: window is {window}; use a positive number, odd for centred")
        self.temporal_radius = temporal_radius
        self.smoothing = smoothing
        self.window = window

    def describe(self) -> dict[str, Any]:  # noqa: D102 - as in the base class
        return {
            "protocol": self.name,
            "smoothing": self.smoothing,
            "window": self.window if self.smoothing != "none" else 1,
            "temporal_radius": self.temporal_radius,
            "edges": "replicate",
            "floor": 0.0,
            "test_statistics": False,
        }

    def frame_scores(self, objects: ObjectScores) -> FrameScores:  # noqa: D102 - as in the base class
        radius, window = self.temporal_radius, 1 if self.smoothing == "none" else self.window
        inner = max_per_frame(objects)[radius : objects.frames - radius]
        raw = np.pad(inner, radius, mode="edge") if len(inner) else np.zeros(objects.frames)
        after = window // 2 if self.smoothing == "centred" else 0
        padded = np.pad(raw, (window - 1 - after, after), mode="edge")
        # each window is summed afresh, so equal windows tie exactly
        return FrameScores(raw, np.lib.stride_tricks.sliding_window_view(padded, window).mean(axis=1))


class TrackedProtocol(StrictProtocol):
    """An extension, not the paper's: the strict protocol on scores averaged along short tracks of boxes (`link`).

    `none` and `centred` average `track_window` frames around an object's own, `causal` the last `track_window` frames.
    Frames in which the track has no box do not count. Scores are averaged, not logits, of which a single saturated one
    would decide a whole window. ConfigError for a setting out of range.
    """

    name = "tracked"

    def __init__(
        self,
        temporal_radius: int = 3,
        smoothing: Smoothing = "centred",
        window: int = 25,
        track_window: int = 11,
        min_iou: float = 0.3,
    ) -> None:
        super().__init__(temporal_radius, smoothing, window)
        if track_window < 1 or (smoothing != "causal" and track_window % 2 == 0):
            raise ConfigError(f"protocol tracked: track_window is {track_window}; use an odd number such as 11")
        if not 0 < min_iou <= 1:
            raise ConfigError(f"protocol tracked: min_iou is {min_iou}; use a share above 0 and at most 1")
        self.track_window = track_window
        self.min_iou = min_iou

    def describe(self) -> dict[str, Any]:  # noqa: D102 - as in the base class
        tracks = {
            "mean_of": "scores",
            "frames": "last" if self.smoothing == "causal" else "centred",
            "window": self.track_window,
            "min_iou": self.min_iou,
            "max_gap": MAX_GAP,
        }
        return {**super().describe(), "tracks": tracks}

    def frame_scores(self, objects: ObjectScores) -> FrameScores:  # noqa: D102 - as in the base class
        scored = _with_tubes(objects, self.temporal_radius)
        track = link(scored, self.min_iou)
        after = 0 if self.smoothing == "causal" else self.track_window // 2
        return super().frame_scores(mean_along(scored, track, self.track_window - 1 - after, after))


class PaperProtocol(Protocol):
    """The published post-processing (docs/evaluation.md), per test video scaled by that video's own extremes.

    The first and last `temporal_radius` frames hold no object: they are most normal before any filter. `constants` name
    the data set (`ped2` full resolution, `avenue` 20 px blocks, `shanghaitech` no map); `settings` replace some.
    ConfigError for a setting out of range.
    """

    name = "paper"
    smoothing = "gaussian"

    def __init__(
        self, constants: ConstantsName = "ped2", temporal_radius: int = 3, settings: ConstantsOptions | None = None
    ) -> None:
        _check_radius(temporal_radius)
        if constants not in get_args(ConstantsName):
            raise ConfigError(f"protocol paper: constants is {constants!r}; use one of {get_args(ConstantsName)}")
        self.name_of_constants = constants
        self.temporal_radius = temporal_radius
        self.constants = (settings or ConstantsOptions()).applied_to(constants)
        self.weights = published.gaussian_weights(self.constants.taps, self.constants.sigma, self.constants.centre)

    def describe(self) -> dict[str, Any]:  # noqa: D102 - as in the base class
        return {
            "protocol": self.name,
            "constants": self.name_of_constants,
            "as_published": self.constants == PUBLISHED_CONSTANTS[self.name_of_constants],
            "smoothing": self.smoothing,
            "temporal_radius": self.temporal_radius,
            **asdict(self.constants),
            "scaling": "min-max of each test video",
            "test_statistics": True,
        }

    def frame_scores(self, objects: ObjectScores) -> FrameScores:  # noqa: D102 - as in the base class
        radius = self.temporal_radius
        scored = _with_tubes(objects, radius)
        if self.constants.edges == "most normal":
            raw = self._anomaly(scored)
        elif objects.frames > 2 * radius:
            frames = objects.frames - 2 * radius
            inner = replace(scored, frames=frames, object_frame=scored.object_frame - np.int32(radius))
            raw = np.pad(self._anomaly(inner), radius, mode="edge")
        else:
            raw = np.zeros(objects.frames)
        return FrameScores(raw, published.smooth(raw, self.weights, self.constants.ends))

    def _anomaly(self, objects: ObjectScores) -> NDArray[np.float64]:
        """1 - n_t of section 11, before the Gaussian; float64 (frames,)."""
        c = self.constants
        if c.block:
            normal = published.map_normality(objects, c.block, c.filter_size)
        else:
            normal = published.frame_normality(objects)
        return 1.0 - published.mean_interior(normal, c.mean_window)


def _check_radius(temporal_radius: int) -> None:
    if temporal_radius < 0:
        raise ConfigError(f"temporal_radius is {temporal_radius}; use half a tube's frames, rounded down, such as 3")


def _with_tubes(objects: ObjectScores, radius: int) -> ObjectScores:
    """The objects that a tube exists for: none in the first and last `radius` frames."""
    inside = (objects.object_frame >= radius) & (objects.object_frame < objects.frames - radius)
    return replace(
        objects,
        object_frame=objects.object_frame[inside],
        object_xyxy=objects.object_xyxy[inside],
        object_score=objects.object_score[inside],
    )
