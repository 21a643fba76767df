"""Scores made comparable over places of the scene and sizes by normals of the target's training split."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from syrfa.errors import ConfigError
from syrfa.evaluation.baselines import box_speed, box_width
from syrfa.evaluation.scores import ObjectScores

Method = Literal["global", "local", "fused", "fisher", "quantile"]
GEOMETRY = {"fused": (box_width,), "fisher": (box_width, box_speed)}
"""What the methods that look at more than the score measure of a box."""

Measure = Callable[[ObjectScores], ObjectScores]
Where = Callable[[ObjectScores], NDArray[np.float64]]
QUANTILES = (0.01, 0.99)
"""Shares of training normals that score below 0 and below 1 under `quantile`."""

_ROWS = 8192  # objects whose neighbours are looked up in one go: 13 MB an array for 200 neighbours


class Calibration:
    """An extension, not the paper's: an object's score is put in terms of the training normals of its scene.

    The new score is a tail, -log of the share of training normals that score at least as high (0 = nothing is more
    normal); see `survival` and `local_survival`. Only `quantile` is a change of scale and no tail. Only the target's
    training split enters.

    - `global`: among all normals. For the raw frame scores a change of scale alone.
    - `local`: among the `neighbours` normals nearest in place and size.
    - `fused`: the larger of the local tails of the score and of the box's width, so that what is unusually wide for
      its place and height is abnormal whatever the network says. Tails are a matter of ranks: width and log width are
      the same.
    - `fisher`: the sum of the local tails of the score, of the box's width and of its speed (`box_speed`). Fisher's
      way to combine tests: what is a little rare in all three is as abnormal as what is very rare in one. Score and
      speed are compared with normals of the same shape too.
    - `quantile`: (s - a) / (b - a), a and b the lower and upper of two `quantiles` of the normals' scores, at least 0:
      what min-max scaling does with the extremes of a test video, done with what is known before it. What lies above b
      stays above 1. One straight line for all of a data set: it makes scores of models and scenes comparable to one
      threshold, and changes an AUROC only where scores below a, now 0, tie.

    Args:
        normals: the training normals, with the scores of the model to calibrate.
        method: one of the above.
        neighbours: of `local`, `fused` and `fisher`; all normals where there are fewer.
        quantiles: of `quantile`; where both are equal, as of normals that all score alike, b - a is taken for 1.

    Raises:
        ConfigError: no such method, no neighbours, no two quantiles in order, or no normals.
    """

    def __init__(
        self,
        normals: Sequence[ObjectScores],
        method: Method,
        neighbours: int = 200,
        quantiles: tuple[float, float] = QUANTILES,
    ) -> None:
        if method not in get_args(Method):
            raise ConfigError(f"calibration is {method!r}; use one of {get_args(Method)}")
        if neighbours < 1:
            raise ConfigError(f"calibration {method}: neighbours is {neighbours}; use a number of at least 1")
        check_quantiles(quantiles)
        self.method, self.quantiles = method, quantiles
        self.score = np.concatenate([np.empty(0), *(video.object_score for video in normals)])
        if not len(self.score):
            raise ConfigError(f"calibration {method}: the training split has no object to calibrate by")
        self.low, self.high = (float(value) for value in np.quantile(self.score, quantiles))
        self.neighbours = min(neighbours, len(self.score))
        self.measures: list[Measure] = [_as_scored, *GEOMETRY.get(method, ())]
        self.values = [np.concatenate([measure(video).object_score for video in normals]) for measure in self.measures]
        near = shapes if method == "fisher" else places
        # a wide box is to be compared with what its place is used to, and not with other wide boxes
        self.where = [places if measure is box_width else near for measure in self.measures]
        self.trees = {where: cKDTree(np.concatenate([where(video) for video in normals])) for where in set(self.where)}

    def describe(self) -> dict[str, Any]:
        """Every setting as JSON, to stand beside a protocol's."""
        own: dict[str, Any] = {} if self.method == "global" else {"neighbours": self.neighbours}
        if self.method == "quantile":
            own = {"quantiles": list(self.quantiles), "low": self.low, "high": self.high}
        return {"reference": self.method, **own, "normal_objects": len(self.score), "training_normals": True}

    def apply(self, objects: ObjectScores, scored: bool = True) -> ObjectScores:
        """The objects of one video with calibrated scores, float64 (n,), at least 0.

        An object's depends on no other object, but for its speed, which is of its own track up to it.

        Args:
            objects: of one video.
            scored: False leaves the model's score out of `fused` and `fisher`: what geometry does alone.
        """
        if self.method == "global":
            return replace(objects, object_score=-np.log(survival(self.score, objects.object_score)))
        if self.method == "quantile":
            spread = self.high - self.low
            scaled = (objects.object_score - self.low) / (spread if spread > 0 else 1.0)
            return replace(objects, object_score=np.maximum(scaled, 0.0))
        first = 0 if scored or self.method not in GEOMETRY else 1
        values = [measure(objects).object_score for measure in self.measures]
        tails = np.empty((len(values), len(objects.object_score)))
        for where, tree in self.trees.items():
            points = where(objects)
            for start in range(0, len(points), _ROWS):
                part = slice(start, start + _ROWS)
                # k as a list: a single neighbour keeps its axis
                _, near = tree.query(points[part], k=np.arange(1, self.neighbours + 1))
                for row, used in enumerate(self.where):
                    if used is where:
                        tails[row, part] = -np.log(local_survival(self.values[row], near, values[row][part]))
        combined = tails[first:].sum(axis=0) if self.method == "fisher" else tails[first:].max(axis=0)
        return replace(objects, object_score=combined)


def check_quantiles(quantiles: tuple[float, float]) -> None:
    """Refuses two shares that are not in order within [0, 1].

    Raises:
        ConfigError: see above.
    """
    low, high = quantiles
    if not 0 <= low < high <= 1:
        raise ConfigError(
            f"evaluation.calibration_quantiles={list(quantiles)}: give two rising shares, such as [0.01, 0.99]"
        )


def _as_scored(objects: ObjectScores) -> ObjectScores:
    return objects


def places(objects: ObjectScores) -> NDArray[np.float64]:
    """Where in the scene each box stands and how large it is, float64 (n, 3).

    The middle of its lower side, as shares of the frame's width and height, and the natural logarithm of its height as
    a share of the frame's (of a pixel at least). Distances between rows weigh a tenth of the frame like 10 % in height.
    """
    left, top, right, bottom = objects.object_xyxy.astype(np.float64).T
    height = np.maximum(bottom - top, 1.0) / objects.height
    return np.stack([(left + right) / 2 / objects.width, bottom / objects.height, np.log(height)], axis=1)


def shapes(objects: ObjectScores) -> NDArray[np.float64]:
    """`places`, and the natural logarithm of the width (a pixel at least) over the frame's height, float64 (n, 4).

    So a box of legs alone is compared with boxes of legs.
    """
    width = objects.object_xyxy[:, 2].astype(np.float64) - objects.object_xyxy[:, 0]
    return np.column_stack([places(objects), np.log(np.maximum(width, 1.0) / objects.height)])


def survival(normals: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of normals that score at least as high, the object itself counted among them.

    (1 + #{normals >= s}) / (1 + m): for an object that is itself such a normal it is at most p with a probability of
    at most p, for every p (the conformal p-value), and it is never 0.

    Args:
        normals: float64 (m,), m at least 1.
        scores: float64 (n,).

    Returns:
        float64 (n,), in (0, 1], falling with the score.

    Example:
        >>> survival(np.array([0.1, 0.2, 0.2, 0.7]), np.array([0.0, 0.2, 0.9])).tolist()
        [1.0, 0.8, 0.2]
    """
    as_high = len(normals) - np.searchsorted(np.sort(normals), scores, side="left")
    return np.asarray((1 + as_high) / (1 + len(normals)), np.float64)


def local_survival(
    normals: NDArray[np.float64], near: NDArray[np.int64], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`survival` among each object's own neighbours, where the object counts as its survival among all normals.

    (S(s) + #{neighbours >= s}) / (1 + k), S over all normals: a score above all its neighbours still differs from
    one above all normals, which 1 in place of S would tie. Shares are uniform over normals as far as normal scores
    change little from neighbour to neighbour: where the neighbourhood is wide, extreme shares are rarer than that.

    Args:
        normals: float64 (m,).
        near: int64 (n, k), the neighbours of each object, as places in `normals`.
        scores: float64 (n,).

    Returns:
        float64 (n,), in (0, 1], falling with the score.
    """
    as_high = (normals[near] >= scores[:, None]).sum(axis=1)
    return np.asarray((survival(normals, scores) + as_high) / (1 + near.shape[1]), np.float64)
