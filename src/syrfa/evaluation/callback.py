"""Frame-level AUROC from max-pooled anomaly maps, at the end of validate and test; a test leaves `result.json`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from syrfa.datasets.protocol_constants import PUBLISHED_CONSTANTS, ConstantsName, ConstantsOptions
from syrfa.errors import ConfigError, LabelError
from syrfa.evaluation import ObjectScores, PaperProtocol, Protocol, StrictProtocol, TrackedProtocol, write_scores
from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.collector import CollectingCallback, data_of, labels_of, objects_of
from syrfa.evaluation.evaluate import evaluate
from syrfa.evaluation.feature_distance import FeatureDistance
from syrfa.evaluation.frame_curves import CURVES, FrameCurves
from syrfa.evaluation.metrics.alarms import AlarmRule
from syrfa.evaluation.normals import NormalCalibration
from syrfa.evaluation.protocols import Smoothing
from syrfa.evaluation.regions import measure_regions
from syrfa.evaluation.training_normals import QUANTILES, Method
from syrfa.evaluation.write_result import result_of, switches_of
from syrfa.training.provenance import environment
from syrfa.training.run_folder import RESULT
from syrfa.tubes.datamodule import EvaluatedSplit, TubeDataModule
from syrfa.utils.files import write_json

Stage = Literal["validate", "test"]


class FrameAUC(CollectingCallback):
    """Scores every object, pools the anomaly maps into frame scores, and reports under each protocol.

    The first reading, made of `protocol` and `smoothing`, is the one that is logged and stands on top of
    `result.json`; the others stand beside it.

    Args:
        protocol: `strict` uses nothing of the test data; `paper` is the published post-processing.
        smoothing: of the strict protocol: `none`, `centred` or `causal`.
        window: frames averaged by `centred` and `causal`.
        recipe: of the paper protocol, in place of the one that the data's config names (data.target.constants). Where
            there is neither, nothing is published to follow and that reading is left out.
        paper: constants of the paper protocol that replace the recipe's.
        bootstrap: resamples of the test videos behind the confidence intervals; 0 for none.
        pictures: draw score curves and one anomaly-map overlay after a test.
        tracks: an extension: also report scores averaged along short tracks, as `tracked`, with each smoothing.
        track_window: frames averaged along a track, odd.
        track_iou: overlap, as intersection over union, from which boxes of neighbouring frames are linked.
        calibration: an extension: also report scores calibrated by normals of the target's training split, in each of
            these ways: among all, among the nearest, fused with the box's width, with its width and speed, or scaled by
            two quantiles of them; see `syrfa.evaluation.Calibration`.
        calibration_neighbours: normals nearest in place and size that an object is compared with.
        calibration_boxes: about as many boxes of the training split are scored for it, those of every n-th frame.
        calibration_quantiles: of the training normals' scores, that become 0 and 1 under `quantile`.
        alarm_recall: share of abnormal frames at which false alarms an hour are counted.
        regions: after a test, also measure RBDC and TBDC where the data set says where the abnormal regions are.
        feature_distance: also measure how far restyling moves the features of tubes (the paper's Fig. 4).
        feature_distance_tubes: of how many tubes of the split, drawn at random; 0 takes all.
        feature_distance_seed: of that draw and of whose style a tube takes; the same for all runs that are compared.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self,
        protocol: Literal["strict", "paper"] = "strict",
        smoothing: Smoothing = "centred",
        window: int = 25,
        recipe: ConstantsName | None = None,
        paper: ConstantsOptions | None = None,
        bootstrap: int = 1000,
        pictures: bool = True,
        tracks: bool = False,
        track_window: int = 11,
        track_iou: float = 0.3,
        calibration: tuple[Method, ...] = (),
        calibration_neighbours: int = 200,
        calibration_boxes: int = 10_000,
        calibration_quantiles: tuple[float, float] = QUANTILES,
        alarm_recall: float = 0.9,
        regions: bool = True,
        feature_distance: bool = False,
        feature_distance_tubes: int = 2000,
        feature_distance_seed: int = 0,
    ) -> None:
        super().__init__()
        self.first = (protocol, smoothing if protocol == "strict" else "gaussian")
        self.window, self.recipe, self.paper = window, recipe, paper
        self.bootstrap, self.pictures = bootstrap, pictures
        self.tracks, self.track_window, self.track_iou = tracks, track_window, track_iou
        self.calibration = NormalCalibration(
            calibration, calibration_neighbours, calibration_boxes, calibration_quantiles
        )
        self.alarms, self.regions = AlarmRule(alarm_recall), regions
        self.distance = FeatureDistance(feature_distance, feature_distance_tubes, feature_distance_seed)
        if bootstrap < 0:
            raise ConfigError(f"evaluation.bootstrap={bootstrap}: give a number of resamples, or 0 for no intervals")
        # a window or constant that does not fit is refused before hours of training; see also `setup`
        self.protocols(1, recipe)
        if paper is not None and recipe is None:
            paper.check()

    def protocols(self, frames: int, recipe: ConstantsName | None = None) -> list[Protocol]:
        """Every reading, the first one first, for tubes of `frames` frames of data that name a `recipe` or none."""
        recipe = self.recipe or recipe
        radius = frames // 2
        smoothings: tuple[Smoothing, ...] = ("none", "centred", "causal")
        readings: list[Protocol] = [StrictProtocol(radius, smoothing, self.window) for smoothing in smoothings]
        if recipe is not None:
            readings.append(PaperProtocol(recipe, radius, self.paper))
        if self.tracks:
            readings += [
                TrackedProtocol(radius, smoothing, self.window, track_window=self.track_window, min_iou=self.track_iou)
                for smoothing in smoothings
            ]
        return sorted(readings, key=lambda reading: (reading.name, reading.smoothing) != self.first)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Settles the recipe, and builds what a calibrated test needs.

        Raises:
            ConfigError: the test cannot be calibrated, the module has no feature distance, or the paper protocol is
                asked for without a recipe or with constants that do not fit it.
            LabelError: `data.oracle` is on and the target's test split has no frame labels.
        """
        if stage == "test":
            self.check_test(data_of(trainer), pl_module)
            self._say_recipe(trainer)
        if stage == "validate" or (stage == "fit" and trainer.limit_val_batches):
            self._check_recipe(data_of(trainer), "validate")
        if stage == "fit" and data_of(trainer).oracle and labels_of(data_of(trainer).evaluated("validate")) is None:
            raise LabelError("data.oracle: the target's test split has no frame labels to choose a checkpoint by")
        if stage == "test" and self.calibration.methods:
            self.calibration.setup(trainer)

    def check_test(self, data: TubeDataModule, module: LightningModule) -> None:
        """Refuses what would end a test; also before a fit that a test follows.

        Raises:
            ConfigError: the module has no feature distance, or the paper protocol is asked for without a recipe or with
                constants that do not fit it.
        """
        self.distance.check(module)
        self._check_recipe(data, "test")

    def _check_recipe(self, data: TubeDataModule, stage: Stage) -> None:
        use = data.use(stage)
        if use is None:
            return
        taken = self.recipe or use.source.constants
        if taken is None and self.first[0] == "paper":
            raise ConfigError(
                f"evaluation.protocol=paper: data.{use.domain}.constants names no published recipe; set it, or "
                f"evaluation.recipe, to one of {', '.join(PUBLISHED_CONSTANTS)}"
            )
        self.protocols(1, taken)

    def _say_recipe(self, trainer: Trainer) -> None:
        use = data_of(trainer).use("test")
        if use is None:
            return
        taken, name = self.recipe or use.source.constants, use.source.dataset.name
        own = name if name in PUBLISHED_CONSTANTS else use.source.constants
        if None not in (taken, own) and taken != own and trainer.is_global_zero:
            print(
                f"syrfa test: the paper protocol takes the recipe of {taken} for {name}, not {own}'s", file=sys.stderr
            )

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the metrics of the first reading as `val/...`; a partial sanity check is not scored."""
        if trainer.sanity_checking or is_partial(trainer.limit_val_batches):
            return
        split, objects, _ = self._objects(trainer, "validate")
        labels = labels_of(split)
        if labels is None:
            return
        reading = evaluate(objects, labels, self._protocols(trainer, split)[0], bootstrap=0)
        values = {key: metric["value"] for key, metric in reading["metrics"].items()}
        # beside the number wherever it is shown: what the weights bring, and what this fit adds
        on = [name for name, used in switches_of(pl_module, split).items() if used]
        if trainer.state.fn == TrainerFn.FITTING:
            on += data_of(trainer).switches
        values |= dict.fromkeys(on, 1.0)
        pl_module.log_dict({f"val/{k}": v for k, v in values.items() if v is not None}, prog_bar=True, sync_dist=True)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuses a test that names a switch which the weights were fitted without.

        Raises:
            ConfigError: see above. What the weights' record says and the options do not is never refused: it is said.
        """
        data = data_of(trainer)
        used = switches_of(pl_module, data.evaluated("test"))
        for name in data.switches:
            if not used[name]:
                raise ConfigError(f"data.{name}: these weights were fitted without it; leave it off, or fit with it")

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
        protocols = self._protocols(trainer, split)
        alarms = replace(self.alarms, fps=data_of(trainer).dataset(split.domain).fps())
        kept = FrameCurves([video.name for video in objects], labels)
        readings = [
            evaluate(objects, labels, each, self.bootstrap, others=others, alarms=alarms, kept=kept)
            for each in protocols
        ]
        calibrated, normals = self.calibration.readings(
            trainer, split, objects, labels, protocols, self.bootstrap, alarms=alarms, kept=kept
        )
        readings += calibrated
        distance = self.distance.measure(trainer, pl_module, split, labels)
        regions = self._measured_regions(trainer, split, objects, others)
        values = {key: metric["value"] for key, metric in readings[0]["metrics"].items()}
        values |= {name: 1.0 for name, used in switches_of(pl_module, split).items() if used}
        pl_module.log_dict({f"test/{key}": value for key, value in values.items() if value is not None})
        if trainer.is_global_zero:
            folder = Path(trainer.default_root_dir)
            write_all_scores(folder, objects, split.cache.spec.frames)
            kept.write(folder / CURVES)
            result = result_of(trainer, pl_module, split, readings, normals, environment())
            print(f"syrfa test: {result['audit']['line']}", file=sys.stderr)
            if self.pictures:
                from syrfa.evaluation.pictures import draw_pictures  # matplotlib is slow to import

                dataset = data_of(trainer).dataset(split.domain)
                flags, line = flags_of(result), result["audit"]["line"]
                draw_pictures(folder, objects, labels, protocols[0], dataset, split.split, flags=flags, caption=line)
            result["regions"] = regions
            if distance is not None:
                result["feature_distance"] = distance
            write_json(folder / RESULT, result)

    def _measured_regions(
        self,
        trainer: Trainer,
        split: EvaluatedSplit,
        objects: list[ObjectScores],
        others: dict[str, list[ObjectScores]],
    ) -> dict[str, Any]:
        if not self.regions:
            return {"value": None, "reason": "evaluation.regions is false"}
        return measure_regions(trainer, split, objects, others, self.bootstrap)

    def _protocols(self, trainer: Trainer, split: EvaluatedSplit) -> list[Protocol]:
        source = data_of(trainer).domains[split.domain]
        return self.protocols(split.cache.spec.frames, source.constants if source is not None else None)

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
