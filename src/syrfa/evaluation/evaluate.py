"""Scores and labels to evaluations: a pure function of what a test or `predict` left, in memory or on disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.protocol_constants import ConstantsName
from syrfa.errors import ConfigError, DataNotFoundError
from syrfa.evaluation.metrics.alarms import DEFAULT_RULE, AlarmRule
from syrfa.evaluation.metrics.bootstrap import paired_bootstrap
from syrfa.evaluation.metrics.metric import AlarmMetric, FrameLevelMetric, FrameMetric
from syrfa.evaluation.options import EvaluationOptions
from syrfa.evaluation.protocols import Protocol, StrictProtocol
from syrfa.evaluation.reference import GEOMETRY, Reference, ReferenceScores
from syrfa.evaluation.scores import (
    CURVES,
    FrameCurves,
    ObjectScores,
    box_width,
    random_scores,
    read_all_scores,
    read_curves,
    read_scores,
    write_scores,
)
from syrfa.utils.files import write_json
from syrfa.utils.process import own_share

SCORES, REFERENCE = "scores", "reference"
_SPLIT = "split.json"
_ALARMS_IN_SHORT = ("false_alarms_per_hour", "normal_in_alarm", "event_recall", "threshold")

Videos = Sequence[ObjectScores]
Curves = Sequence[NDArray[np.float64]]
Labels = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True)
class SplitScores:
    """The scores of a split: `objects`, one entry a video, and `others` of the same objects, such as `unadapted`.

    `reference` are scores of the target's training normals; None where they were not scored.
    """

    objects: Videos
    others: Mapping[str, Videos] = field(default_factory=dict)
    reference: ReferenceScores | None = None

    def write(self, folder: Path, radius: int) -> None:
        """Writes `scores/<video>.npz`, and `reference/` where there is one, into a run's folder.

        `radius` is half a tube's frames; the files' `frames` are those of the strict protocol before smoothing.
        """
        strict = StrictProtocol(radius, "none")
        (folder / REFERENCE / _SPLIT).unlink(missing_ok=True)  # of an earlier test with other weights
        for number, video in enumerate(self.objects):
            others = {name: videos[number].object_score for name, videos in self.others.items()}
            write_scores(folder / SCORES, video, strict.frame_scores(video).raw, others)
        if self.reference is not None:
            for video in self.reference.objects:
                write_scores(folder / REFERENCE, video, strict.frame_scores(video).raw)
            videos = [video.name for video in self.reference.objects]
            write_json(folder / REFERENCE / _SPLIT, {**self.reference.describe(), "videos": videos})

    @classmethod
    def read(cls, folder: Path) -> tuple["SplitScores", Labels]:
        """The scores and labels that a test wrote into its folder; UserError where a file is missing or damaged."""
        if not (folder / CURVES).is_file():
            raise DataNotFoundError(f"{folder}: has no {CURVES} with the labels; run `syrfa test` for it")
        curves = read_curves(folder / CURVES)
        videos = [read_all_scores(_present(folder / SCORES / f"{name}.npz")) for name in curves.names]
        names = {name for _, others in videos for name in others}
        others = {name: [found[name] for _, found in videos] for name in sorted(names)}
        return cls([video for video, _ in videos], others, _read_reference(folder / REFERENCE)), curves.labels


def evaluate_split(
    scores: SplitScores,
    labels: Labels,
    options: EvaluationOptions,
    radius: int,
    constants: ConstantsName | None = None,
    fps: float | None = None,
    seed: int = 0,
) -> tuple[list[dict[str, Any]], FrameCurves]:
    """The evaluations that the options ask for, the configured protocol first, and their frame scores.

    Every process must call this with the same scores; arguments as `evaluate`.
    `radius` is half a tube's frames, `constants` whose constants the data's config names, `fps` None where not known.
    ConfigError where the options ask for reference scores, and there are none.
    """
    alarms, protocols = AlarmRule(options.alarm_recall, fps), options.protocols(radius, constants)
    curves = FrameCurves([video.name for video in scores.objects], labels)

    def measured(objects: Videos, protocol: Protocol, others: Mapping[str, Videos]) -> dict[str, Any]:
        return evaluate(objects, labels, protocol, options.bootstrap, seed, others, alarms, curves)

    found = [measured(scores.objects, protocol, scores.others) for protocol in protocols]
    if not options.reference:
        return found, curves
    reference = scores.reference
    if reference is None:
        raise ConfigError(f"reference={list(options.reference)}: the training normals of this run were not scored")
    widths = [box_width(video) for video in scores.objects]
    for method in options.reference:
        scale = Reference(reference.objects, method, options.reference_neighbours)
        if method in GEOMETRY:
            geometry = [scale.apply(video, scored=False) for video in scores.objects]
        else:
            normal_widths = [box_width(video) for video in reference.objects]
            of_widths = Reference(normal_widths, method, options.reference_neighbours)
            geometry = [of_widths.apply(video) for video in widths]
        rescaled = [scale.apply(video) for video in scores.objects]
        others = {"without_reference": scores.objects, "reference_geometry": geometry}
        for protocol in protocols:
            settings = protocol.describe()
            if not settings["test_statistics"]:
                named = {**settings, **scale.describe(), **reference.describe()}
                found.append({**measured(rescaled, protocol, others), "protocol": named})
    return found, curves


def evaluate(
    objects: Videos,
    labels: Labels,
    protocol: Protocol,
    bootstrap: int = 1000,
    seed: int = 0,
    others: Mapping[str, Videos] = MappingProxyType({}),
    alarms: AlarmRule = DEFAULT_RULE,
    curves: FrameCurves | None = None,
) -> dict[str, Any]:
    """The metrics of a scored split under one protocol, and those of baselines and other scores under the same.

    Every process must call this with the same scores: each measures a share of the videos, and gets the whole.
    `objects` and `labels`, uint8 (frames,), 1 = abnormal, have one entry a video; `others` are further scores of the
    same objects, by name. Intervals are of `bootstrap` resamples of the videos, drawn with `seed`; 0 for none. `curves`
    takes the frame scores.

    Returns:
        JSON: `protocol`, `metrics`, `alarms`, `baselines` by name (`box_width`, `random_smoothed`, the others), and
        for each `lead_over_<name>`, the micro AUROC's paired difference, where there are intervals.
    """
    ours = final_scores(objects, protocol)
    widths = [box_width(video) for video in objects]
    baselines = {"box_width": widths, "random_smoothed": random_scores(objects, seed), **others}
    found = {name: final_scores(scores, protocol) for name, scores in baselines.items()}
    in_short = {name: _computed(AlarmMetric(alarms, resamples=0), theirs, labels) for name, theirs in found.items()}
    if curves is not None:
        curves.add(ours, found["box_width"])
    evaluation = {
        "protocol": protocol.describe(),
        "metrics": _metrics(ours, labels, bootstrap, seed),
        "alarms": {
            **_computed(AlarmMetric(alarms, bootstrap, seed), ours, labels),
            "baselines": {
                name: {key: value for key, value in short.items() if key in _ALARMS_IN_SHORT}
                for name, short in in_short.items()
            },
        },
        "baselines": {name: _metrics(theirs, labels, bootstrap, seed) for name, theirs in found.items()},
    }
    if bootstrap:
        for name, theirs in found.items():
            value, (low, high) = paired_bootstrap(ours, theirs, labels, bootstrap, seed)
            evaluation[f"lead_over_{name}"] = {"value": value, "ci_low": low, "ci_high": high}
    return evaluation


def final_scores(objects: Videos, protocol: Protocol) -> list[NDArray[np.float64]]:
    """The frame scores of every video that the metrics see."""
    return [protocol.frame_scores(video).final for video in objects]


def _present(file: Path) -> Path:
    if not file.is_file():
        raise DataNotFoundError(f"{file}: is not there; run `syrfa test` again")
    return file


def _read_reference(folder: Path) -> ReferenceScores | None:
    if not (folder / _SPLIT).is_file():
        return None
    content = json.loads((folder / _SPLIT).read_text())
    return ReferenceScores(
        objects=[read_scores(_present(folder / f"{name}.npz")) for name in content["videos"]],
        split=content["normal_split"],
        every_frame=content["every_frame"],
        manifest_sha256=content["normal_manifest_sha256"],
        test_statistics=content["test_statistics"],
    )


def _metrics(scores: Curves, labels: Labels, bootstrap: int, seed: int) -> dict[str, Any]:
    found = _computed(FrameLevelMetric(bootstrap, seed), scores, labels)
    return {name: value.to_json() for name, value in found.items()}


def _computed(metric: FrameMetric, scores: Curves, labels: Labels) -> dict[str, Any]:
    """What the metric makes of all videos; each process adds its share of them."""
    mine = own_share(len(labels))
    for number, (curve, truth) in enumerate(zip(scores, labels, strict=True)):
        if number in mine:
            metric.update(number, curve, truth)
    found: dict[str, Any] = metric.compute()
    return found
