"""RBDC and TBDC of one evaluation, beside those of its baselines; every process that asks has all videos at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from syrfa.datasets.regions import Regions
from syrfa.metrics.region_level import CHANCE_DRAWS, MIN_IOU, TRACK_SHARE, MatchedVideo, match, region_metrics
from syrfa.scoring.objects import ObjectScores


def evaluate_regions(
    objects: Sequence[ObjectScores],
    regions: Sequence[Regions],
    ground_truth: str,
    baselines: Mapping[str, Sequence[ObjectScores]],
    bootstrap: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """RBDC and TBDC of a scored split, and of other scores of the same boxes.

    Args:
        objects: one entry a video, as the model scored them: no protocol, no smoothing.
        regions: of each of them.
        ground_truth: how the regions were made, in words.
        baselines: other scores of the same objects, by name.
        bootstrap: resamples of the videos for the intervals; 0 for none.
        seed: of the resampling and of the chance level.

    Returns:
        JSON: `rbdc`, `tbdc`, `ground_truth`, what was counted, and `baselines` by name; null with a reason where there
        is no region.

    Raises:
        LabelError: regions do not fit a video.
    """
    matched = [match(video, truth) for video, truth in zip(objects, regions, strict=True)]
    ours = region_metrics(matched, bootstrap, seed)
    if ours["rbdc"].value is None:
        return ours["rbdc"].to_json()
    return {
        **{name: value.to_json() for name, value in ours.items()},
        "ground_truth": ground_truth,
        "regions": sum(len(truth) for truth in regions),
        "tracks": sum(truth.tracks for truth in regions),
        "boxes": sum(len(video.object_score) for video in objects),
        "min_iou": MIN_IOU,
        "track_share": TRACK_SHARE,
        "chance_is": f"the same boxes with uniform random scores, mean of {CHANCE_DRAWS} draws",
        "baselines": {name: _rescored(matched, scores, bootstrap, seed) for name, scores in baselines.items()},
    }


def _rescored(
    matched: Sequence[MatchedVideo], scored: Sequence[ObjectScores], bootstrap: int, seed: int
) -> dict[str, Any]:
    videos = [replace(video, score=other.object_score) for video, other in zip(matched, scored, strict=True)]
    return {name: value.to_json() for name, value in region_metrics(videos, bootstrap, seed).items()}
