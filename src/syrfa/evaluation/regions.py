"""RBDC and TBDC of a test: the data set's abnormal regions against the object scores, before any protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lightning import Trainer

from syrfa.errors import UserError
from syrfa.evaluation import ObjectScores, box_width
from syrfa.evaluation.collector import data_of
from syrfa.evaluation.metrics.region_evaluation import RegionEvaluation
from syrfa.tubes.datamodule import EvaluatedSplit
from syrfa.utils.collective import of_every_process, own_share


def measure_regions(
    trainer: Trainer,
    split: EvaluatedSplit,
    objects: Sequence[ObjectScores],
    others: Mapping[str, Sequence[ObjectScores]],
    bootstrap: int,
) -> dict[str, Any]:
    """The entry `regions` of `result.json`.

    Every process must call this: each reads the regions of a share of the videos, and gets the whole.

    Args:
        trainer: whose data it is.
        split: what was tested.
        objects: one entry a video.
        others: further scores of the same objects, by name.
        bootstrap: resamples of the videos for the intervals; 0 for none.

    Returns:
        JSON of `RegionEvaluation`; null with a reason where the regions of a video are not known or do not fit.
    """
    dataset = data_of(trainer).dataset(split.domain)
    baselines = {"box_width": [box_width(video) for video in objects], **others}
    evaluation = RegionEvaluation(objects, baselines, bootstrap)
    unknown: list[int] = []
    failed: list[tuple[int, str]] = []
    number = -1
    try:
        records = {record.name: record for record in dataset.videos(split.split)}
        for number in own_share(len(objects)):
            regions = dataset.regions(replace(records[objects[number].name], frames=objects[number].frames))
            if regions is None:
                unknown.append(number)
            else:
                evaluation.add(number, regions)
    except UserError as error:  # the scores are made: masks that do not fit must not cost the whole result
        failed.append((number, str(error)))
    # told before anything is gathered, for a process that leaves would keep the others waiting
    reason = _reason(of_every_process((failed, unknown)), f"{dataset.name} {split.split}", objects)
    return {"value": None, "reason": reason} if reason else evaluation.result(dataset.region_truth)


def _reason(
    told: Sequence[tuple[list[tuple[int, str]], list[int]]], place: str, objects: Sequence[ObjectScores]
) -> str | None:
    """Why there is no number, the same whatever process met it; None where there is one."""
    failed = [failure for failures, _ in told for failure in failures]
    if failed:
        return min(failed)[1]
    unknown = sorted(number for _, numbers in told for number in numbers)
    if not unknown:
        return None
    return (
        f"{place}: nothing says where the abnormal regions of {len(unknown)} of {len(objects)} videos are, first "
        f"{objects[unknown[0]].name}; pixel masks or object ids would"
    )
