"""Scores put in terms of reference scores: those of the normals of the target's training split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from syrfa.errors import ConfigError
from syrfa.evaluation.scores import ObjectScores, box_width
from syrfa.evaluation.tracks import box_speed

Method = Literal["local", "fused", "fisher"]
Measure = Callable[[ObjectScores], ObjectScores]
Where = Callable[[ObjectScores], NDArray[np.float64]]
GEOMETRY: dict[str, tuple[Measure, ...]] = {"fused": (box_width,), "fisher": (box_width, box_speed)}
"""What the methods that look at more than the score measure of a box."""
LEVELS = (0.5, 0.9)
"""Scores from which `called_abnormal` counts; a score is a probability."""

_ROWS = 8192  # objects whose neighbours are looked up in one go: 13 MB an array for 200 neighbours


@dataclass(frozen=True)
class ReferenceScores:
    """Normal boxes of the target's training split with the scores of the model under test."""

    objects: Sequence[ObjectScores]  # one entry a video
    split: str
    every_frame: int  # boxes of every n-th frame were scored
    manifest_sha256: str
    test_statistics: bool  # the split is the tested one, which it is only where a config names it so

    def describe(self) -> dict[str, Any]:
        """Its origin as JSON, for the protocol of an evaluation."""
        return {
            "every_frame": self.every_frame,
            "normal_split": self.split,
            "normal_manifest_sha256": self.manifest_sha256,
            "test_statistics": self.test_statistics,
        }

    def summary(self) -> dict[str, Any]:
        """JSON for a result's `normals`: how many normal boxes the model calls abnormal."""
        return {"split": self.split, "every_frame": self.every_frame, **called_abnormal(self.objects)}


class Reference:
    """An extension, not the paper's: an object's score becomes how rare it is among the training normals of its scene.

    The new score is -log of the share of training normals that score at least as high; see `local_survival`.

    - `local`: the share among the `neighbours` normals nearest in place and size.
    - `fused`: the larger of the local values of the score and of the box's width.
    - `fisher`: the sum of the local values of the score, the box's width and its speed (Fisher's way to combine tests);
      score and speed are compared with normals of the same shape too.

    Raises:
        ConfigError: no such method, or no normals.
    """

    def __init__(self, normals: Sequence[ObjectScores], method: Method, neighbours: int = 200) -> None:
        if method not in get_args(Method):
            raise ConfigError(f"reference is {method!r}; use one of {get_args(Method)}")
        count = sum(len(video.object_score) for video in normals)
        if not count:
            raise ConfigError(f"reference {method}: the training split has no object to compare with")
        self.method, self.neighbours, self.count = method, min(neighbours, count), count
        self.measures: list[Measure] = [_as_scored, *GEOMETRY.get(method, ())]
        self.values = [np.concatenate([measure(video).object_score for video in normals]) for measure in self.measures]
        near = shapes if method == "fisher" else places
        # a wide box is to be compared with what its place is used to, and not with other wide boxes
        self.where: list[Where] = [places if measure is box_width else near for measure in self.measures]
        self.trees = {where: cKDTree(np.concatenate([where(video) for video in normals])) for where in set(self.where)}

    def describe(self) -> dict[str, Any]:
        """Every setting as JSON, for the protocol of an evaluation."""
        return {
            "reference": self.method,
            "neighbours": self.neighbours,
            "normal_objects": self.count,
            "training_normals": True,
        }

    def apply(self, objects: ObjectScores, scored: bool = True) -> ObjectScores:
        """The objects of one video with new scores, float64 (n,), at least 0; no score depends on a later object.

        Without `scored`, `fused` and `fisher` leave out the model's score: what geometry does alone.
        """
        first = 0 if scored or self.method not in GEOMETRY else 1
        values = [measure(objects).object_score for measure in self.measures]
        rarity = np.empty((len(values), len(objects.object_score)))
        for where, tree in self.trees.items():
            points = where(objects)
            for start in range(0, len(points), _ROWS):
                part = slice(start, start + _ROWS)
                # k as a list: a single neighbour keeps its axis
                _, near = tree.query(points[part], k=np.arange(1, self.neighbours + 1))
                for row, used in enumerate(self.where):
                    if used is where:
                        rarity[row, part] = -np.log(local_survival(self.values[row], near, values[row][part]))
        combined = rarity[first:].sum(axis=0) if self.method == "fisher" else rarity[first:].max(axis=0)
        return replace(objects, object_score=combined)


def _as_scored(objects: ObjectScores) -> ObjectScores:
    return objects


def places(objects: ObjectScores) -> NDArray[np.float64]:
    """Place in the scene and size of each box, float64 (n, 3).

    The middle of its lower side, as shares of the frame's width and height, and the natural logarithm of its height (a
    pixel at least) as a share of the frame's.
    """
    left, top, right, bottom = objects.object_xyxy.astype(np.float64).T
    height = np.maximum(bottom - top, 1.0) / objects.height
    return np.stack([(left + right) / 2 / objects.width, bottom / objects.height, np.log(height)], axis=1)


def shapes(objects: ObjectScores) -> NDArray[np.float64]:
    """`places`, and the natural logarithm of the width (a pixel at least) over the frame's height, float64 (n, 4)."""
    width = objects.object_xyxy[:, 2].astype(np.float64) - objects.object_xyxy[:, 0]
    return np.column_stack([places(objects), np.log(np.maximum(width, 1.0) / objects.height)])


def survival(normals: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of normals (m,) that score at least as high, (1 + #{normals >= s}) / (1 + m): the conformal p-value.

    Float64 (n,), in (0, 1], falling with the score.
    """
    as_high = len(normals) - np.searchsorted(np.sort(normals), scores, side="left")
    return np.asarray((1 + as_high) / (1 + len(normals)), np.float64)


def local_survival(
    normals: NDArray[np.float64], near: NDArray[np.int64], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`survival` among each object's own neighbours, where the object counts as its survival among all normals.

    (S(s) + #{neighbours >= s}) / (1 + k), S over all normals: a score above all its neighbours still differs from one
    above all normals. `near`, int64 (n, k), are places in `normals`, (m,). Float64 (n,), in (0, 1].
    """
    as_high = (normals[near] >= scores[:, None]).sum(axis=1)
    return np.asarray((survival(normals, scores) + as_high) / (1 + near.shape[1]), np.float64)


def called_abnormal(normals: Sequence[ObjectScores]) -> dict[str, Any]:
    """How many normal boxes the model calls abnormal: `objects`, shares `above` 0.5 and 0.9, both again as `wide`.

    Wide boxes are wider than high: groups, bicycles, and the strips and torsos that a detector makes of people.
    """
    score = np.concatenate([video.object_score for video in normals])
    xyxy = np.concatenate([video.object_xyxy for video in normals])
    wide = xyxy[:, 2] - xyxy[:, 0] > xyxy[:, 3] - xyxy[:, 1]
    return {**_above(score), "wide": _above(score[wide])}


def _above(score: NDArray[np.float64]) -> dict[str, Any]:
    above = {str(level): float((score > level).mean()) if len(score) else None for level in LEVELS}
    return {"objects": len(score), "above": above}
