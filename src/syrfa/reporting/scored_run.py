"""A tested run opened again for its pictures: scores, labels and the data set they belong to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import OmegaConf

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.evaluation import ObjectScores, Protocol, read_scores
from syrfa.evaluation.metrics import micro_auroc
from syrfa.evaluation.protocols import protocol_from_name
from syrfa.utils.parser import ArgumentParser

CONFIGS = ("config_test.yaml", "config_fit.yaml")
TOLERANCE = 1e-3  # in AUROC: scores on disk are float32
_STRICT = ("temporal_radius", "smoothing", "window", "floor")
_SETTINGS = {"strict": _STRICT, "tracked": _STRICT, "paper": ("constants", "temporal_radius")}


@dataclass(frozen=True)
class ScoredRun:
    """What a test left, under one reading.

    Attributes:
        folder: the run's folder.
        result: its result.
        reading: the one that the curves are of.
        dataset: what was scored.
        records: the videos of the split, by name.
        objects: their object scores, in that order.
        curves: their frame scores, float64 (frames,) each.
        labels: their labels, uint8 (frames,) each.
        margin: frames at either end of a video that have no tube.
    """

    folder: Path
    result: dict[str, Any]
    reading: dict[str, Any]
    dataset: VideoDataset
    records: list[VideoRecord]
    objects: list[ObjectScores]
    curves: list[NDArray[np.float64]]
    labels: list[NDArray[np.uint8]]
    margin: int

    @classmethod
    def open(
        cls,
        folder: Path,
        result: dict[str, Any],
        root: Path | None = None,
        protocol: str | None = None,
        smoothing: str | None = None,
    ) -> "ScoredRun":
        """Reads the scores and labels of a run, and checks that they give its number.

        Args:
            folder: the run's folder.
            result: its result.
            root: the folder of the data set; where the run found it by default.
            protocol: of the reading; the run's first by default.
            smoothing: of the reading; that of the first with `protocol` by default.

        Raises:
            DataNotFoundError: scores, config or data are missing.
            ConfigError: there is no such reading, the data are not those of the run, or the scores are not.
            LabelError: a video has no labels.
        """
        reading = _reading(folder, result, protocol, smoothing)
        applied = _protocol(reading["protocol"])
        dataset, split = _dataset(folder, str(result["domain"]), root), str(result["split"])
        records = dataset.videos(split)
        if dataset.manifest_hash(split) != result["manifest_sha256"]:
            raise ConfigError(
                f"{dataset.root}: not the copy of {dataset.name} {split} that {folder} was tested on; give --root the "
                "folder of that copy, or run `syrfa test` on this one"
            )
        objects = [_scores(folder, record.name) for record in records]
        labels = [_labels(dataset, record) for record in records]
        curves = [applied.frame_scores(video).final for video in objects]
        found, told = micro_auroc(curves, labels).value, reading["metrics"]["micro_auroc"]["value"]
        if (found is None) != (told is None) or abs((found or 0.0) - (told or 0.0)) > TOLERANCE:
            raise ConfigError(
                f"{folder}: its scores give a micro AUROC of {found}, its result.json says {told}; run `syrfa test` "
                "again"
            )
        margin = int(reading["protocol"]["temporal_radius"])
        return cls(folder, result, reading, dataset, records, objects, curves, labels, margin)


def _reading(folder: Path, result: dict[str, Any], protocol: str | None, smoothing: str | None) -> dict[str, Any]:
    """The first reading that has them; calibrated ones need training normals that a run's folder does not hold."""
    plain: list[dict[str, Any]] = [r for r in result["evaluations"] if not r["protocol"].get("reference")]
    for reading in plain:
        said = reading["protocol"]
        if protocol in (None, said["protocol"]) and smoothing in (None, said["smoothing"]):
            return reading
    there = ", ".join(f"{r['protocol']['protocol']}/{r['protocol']['smoothing']}" for r in plain)
    raise ConfigError(f"{folder}: has no reading {protocol or 'any'}/{smoothing or 'any'}; choose from {there}")


def _protocol(described: dict[str, Any]) -> Protocol:
    name = str(described["protocol"])
    settings = {key: described[key] for key in _SETTINGS.get(name, ())}
    if name == "tracked":
        tracks = described["tracks"]
        settings |= {"track_window": tracks["window"], "min_iou": tracks["min_iou"], "max_gap": tracks["max_gap"]}
    return protocol_from_name(name, **settings)


def _dataset(folder: Path, domain: str, root: Path | None) -> VideoDataset:
    """The data set that the run's config describes."""
    found = next((folder / name for name in CONFIGS if (folder / name).is_file()), None)
    if found is None:
        raise DataNotFoundError(f"{folder}: has no {CONFIGS[0]} that says where its frames are; run `syrfa test` again")
    place = f"data.{domain}.dataset"
    config = OmegaConf.load(found)
    if OmegaConf.select(config, place) is None:
        raise ConfigError(f"{found}: describes no {place}; run `syrfa test` again")
    if root is not None:
        OmegaConf.update(config, f"{place}.init_args.root", str(root))
    described = OmegaConf.to_container(OmegaConf.select(config, place), resolve=True)
    parser = ArgumentParser()
    parser.add_subclass_arguments(VideoDataset, "dataset")
    dataset: VideoDataset = parser.instantiate(parser.parse_object({"dataset": described})).dataset
    return dataset


def _scores(folder: Path, video: str) -> ObjectScores:
    path = folder / "scores" / f"{video}.npz"
    if not path.is_file():
        raise DataNotFoundError(f"no scores at {path}; run `syrfa test` again")
    return read_scores(path)


def _labels(dataset: VideoDataset, record: VideoRecord) -> NDArray[np.uint8]:
    labels = dataset.frame_labels(record)
    if labels is None:
        raise LabelError(f"{dataset.name} {record.name}: has no frame labels to draw")
    return labels
