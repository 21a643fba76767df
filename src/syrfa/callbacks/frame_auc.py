"""Frame-level AUROC from max-pooled anomaly maps, at the end of validate and test; a test leaves `result.json`."""

from pathlib import Path
from typing import Literal

from lightning import LightningModule, Trainer

from syrfa.callbacks.collector import CollectingCallback, data_of, labels_of, objects_of
from syrfa.callbacks.normals import NormalCalibration
from syrfa.callbacks.provenance import environment
from syrfa.callbacks.result import result_of
from syrfa.errors import ConfigError, LabelError
from syrfa.files import write_json
from syrfa.metrics.evaluation import evaluate
from syrfa.run_folder import RESULT
from syrfa.scoring import ObjectScores, PaperProtocol, Protocol, StrictProtocol, TrackedProtocol, write_scores
from syrfa.scoring.calibration import Method
from syrfa.scoring.frame_curves import CURVES, FrameCurves
from syrfa.scoring.protocols import Recipe, Smoothing
from syrfa.tubes.datamodule import EvaluatedSplit

Stage = Literal["validate", "test"]


class FrameAUC(CollectingCallback):
    """Scores every object, pools the anomaly maps into frame scores, and reports under each protocol.

    The first reading, made of `protocol` and `smoothing`, is the one that is logged and stands on top of
    `result.json`; the others stand beside it.

    Args:
        protocol: `strict` uses nothing of the test data; `paper` is the published post-processing.
        smoothing: of the strict protocol: `none`, `centred` or `causal`.
        window: frames averaged by `centred` and `causal`.
        recipe: of the paper protocol.
        bootstrap: resamples of the test videos behind the confidence intervals; 0 for none.
        pictures: draw score curves and one anomaly-map overlay after a test.
        tracks: an extension: also report scores averaged along short tracks, as `tracked`, with each smoothing.
        track_window: frames averaged along a track, odd.
        track_iou: overlap, as intersection over union, from which boxes of neighbouring frames are linked.
        calibration: an extension: also report scores calibrated by normals of the target's training split, in each of
            these ways: among all, among the nearest, fused with the box's width, or with its width and speed; see
            `syrfa.scoring.Calibration`.
        calibration_neighbours: normals nearest in place and size that an object is compared with.
        calibration_boxes: about as many boxes of the training split are scored for it, those of every n-th frame.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self,
        protocol: Literal["strict", "paper"] = "strict",
        smoothing: Smoothing = "centred",
        window: int = 25,
        recipe: Recipe = "ped2",
        bootstrap: int = 1000,
        pictures: bool = True,
        tracks: bool = False,
        track_window: int = 11,
        track_iou: float = 0.3,
        calibration: tuple[Method, ...] = (),
        calibration_neighbours: int = 200,
        calibration_boxes: int = 10_000,
    ) -> None:
        super().__init__()
        self.first = (protocol, smoothing if protocol == "strict" else "gaussian")
        self.window, self.recipe = window, recipe
        self.bootstrap, self.pictures = bootstrap, pictures
        self.tracks, self.track_window, self.track_iou = tracks, track_window, track_iou
        self.calibration = NormalCalibration(calibration, calibration_neighbours, calibration_boxes)
        if bootstrap < 0:
            raise ConfigError(f"evaluation.bootstrap={bootstrap}: give a number of resamples, or 0 for no intervals")
        self.protocols(frames=1)  # refuses a window that does not fit before hours of training, not after

    def protocols(self, frames: int) -> list[Protocol]:
        """Every reading, the first one first, for tubes of `frames` frames."""
        radius = frames // 2
        smoothings: tuple[Smoothing, ...] = ("none", "centred", "causal")
        readings: list[Protocol] = [StrictProtocol(radius, smoothing, self.window) for smoothing in smoothings]
        readings.append(PaperProtocol(self.recipe, radius))
        if self.tracks:
            readings += [
                TrackedProtocol(radius, smoothing, self.window, track_window=self.track_window, min_iou=self.track_iou)
                for smoothing in smoothings
            ]
        return sorted(readings, key=lambda reading: (reading.name, reading.smoothing) != self.first)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Builds what a calibrated test needs.

        Raises:
            ConfigError: the test cannot be calibrated.
        """
        del pl_module
        if stage == "test" and self.calibration.methods:
            self.calibration.setup(trainer)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the metrics of the first reading as `val/...`; a partial sanity check is not scored."""
        if trainer.sanity_checking or is_partial(trainer.limit_val_batches):
            return
        split, objects, _ = self._objects(trainer, "validate")
        labels = labels_of(split)
        if labels is None:
            return
        reading = evaluate(objects, labels, self.protocols(split.cache.spec.frames)[0], bootstrap=0)
        values = {key: metric["value"] for key, metric in reading["metrics"].items()}
        pl_module.log_dict({f"val/{k}": v for k, v in values.items() if v is not None}, prog_bar=True, sync_dist=True)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes `scores/<video>.npz`, `curves.npz`, the pictures and, last, `result.json`.

        Raises:
            LabelError: the split has no frame labels.
        """
        if is_partial(trainer.limit_test_batches):
            return
        split, objects, others = self._objects(trainer, "test")
        labels = labels_of(split)
        if labels is None:
            raise LabelError(
                f"{split.dataset} {split.split} has no frame labels to test against; use predict to score it"
            )
        protocols = self.protocols(split.cache.spec.frames)
        kept = FrameCurves([video.name for video in objects], labels)
        readings = [evaluate(objects, labels, each, self.bootstrap, others=others, kept=kept) for each in protocols]
        calibrated, normals = self.calibration.readings(
            trainer, split, objects, labels, protocols, self.bootstrap, kept
        )
        readings += calibrated
        values = {key: metric["value"] for key, metric in readings[0]["metrics"].items()}
        pl_module.log_dict({f"test/{key}": value for key, value in values.items() if value is not None})
        if trainer.is_global_zero:
            folder = Path(trainer.default_root_dir)
            write_all_scores(folder, objects, split.cache.spec.frames)
            kept.write(folder / CURVES)
            if self.pictures:
                from syrfa.report.pictures import draw_pictures  # matplotlib is slow to import

                draw_pictures(
                    folder, objects, labels, protocols[0], data_of(trainer).dataset(split.domain), split.split
                )
            write_json(folder / RESULT, result_of(trainer, pl_module, split, readings, normals, environment()))

    def _objects(
        self, trainer: Trainer, stage: Stage
    ) -> tuple[EvaluatedSplit, list[ObjectScores], dict[str, list[ObjectScores]]]:
        """What was evaluated, its scores, and the scores to compare them with, by name."""
        split = data_of(trainer).evaluated(stage)
        scores = self.collector.gather(split.rows)
        objects = objects_of(split, scores.pop("score"))
        return split, objects, {name: objects_of(split, other) for name, other in scores.items()}


def write_all_scores(folder: Path, objects: list[ObjectScores], frames: int) -> None:
    """Writes every video's scores; `frames` of a file are those of the strict protocol before smoothing."""
    protocol = StrictProtocol(frames // 2, "none")
    for video in objects:
        write_scores(folder / "scores", video, protocol.frame_scores(video).raw)


def is_partial(limit: float) -> bool:
    """Whether a `limit_*_batches` leaves out a part of the split, so that no frame score of it would be true.

    The share 1.0 is everything; the number 1 is one batch.
    """
    return not isinstance(limit, float) or limit < 1.0
