"""RBDC and TBDC of a test: the data set's abnormal regions against the object scores, before any protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lightning import Trainer

from syrfa.callbacks.collector import data_of
from syrfa.datasets import Regions, VideoDataset
from syrfa.errors import LabelError, UserError
from syrfa.metrics.region_evaluation import evaluate_regions
from syrfa.scoring import ObjectScores, box_width
from syrfa.tubes.datamodule import EvaluatedSplit


def measure_regions(
    trainer: Trainer,
    split: EvaluatedSplit,
    objects: Sequence[ObjectScores],
    others: Mapping[str, Sequence[ObjectScores]],
    bootstrap: int,
) -> dict[str, Any]:
    """The entry `regions` of `result.json`.

    Args:
        trainer: whose data it is.
        split: what was tested.
        objects: one entry a video.
        others: further scores of the same objects, by name.
        bootstrap: resamples of the videos for the intervals; 0 for none.

    Returns:
        JSON of `evaluate_regions`; null with a reason where the regions of a video are not known.
    """
    dataset = data_of(trainer).dataset(split.domain)
    try:
        truth = regions_of(dataset, split.split, objects)
        baselines = {"box_width": [box_width(video) for video in objects], **others}
        return evaluate_regions(objects, truth, dataset.region_truth, baselines, bootstrap)
    except UserError as error:  # the scores are made: masks that do not fit must not cost the whole result
        return {"value": None, "reason": str(error)}


def regions_of(dataset: VideoDataset, split: str, objects: Sequence[ObjectScores]) -> list[Regions]:
    """The abnormal regions of every video.

    Raises:
        LabelError: those of a video are not known, or malformed.
        DataNotFoundError: the data set is gone.
    """
    records = {record.name: record for record in dataset.videos(split)}
    found = [dataset.regions(replace(records[video.name], frames=video.frames)) for video in objects]
    lacking = [video.name for video, regions in zip(objects, found, strict=True) if regions is None]
    if lacking:
        raise LabelError(
            f"{dataset.name} {split}: nothing says where the abnormal regions of {len(lacking)} of {len(objects)} "
            f"videos are, first {lacking[0]}; pixel masks or object ids would"
        )
    return [regions for regions in found if regions is not None]
