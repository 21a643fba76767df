"""Frame-level AUROC from max-pooled anomaly maps, at the end of validate and test; a test leaves `result.json`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from syrfa.errors import ConfigError, LabelError
from syrfa.evaluation.collector import (
    ScoreCollector,
    data_of,
    is_partial,
    labels_of,
    objects_of,
    prepare_reference,
    score_reference,
)
from syrfa.evaluation.evaluate import SplitScores, evaluate, evaluate_split
from syrfa.evaluation.feature_distance import check_feature_distance, feature_distance
from syrfa.evaluation.options import EvaluationOptions
from syrfa.evaluation.regions import measure_regions
from syrfa.evaluation.write_result import switches_of, write_test
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import EvaluatedSplit

Stage = Literal["validate", "test"]


class FrameAUC(Callback):
    """Scores every object, pools the anomaly maps into frame scores, and measures them under each protocol."""

    def __init__(self, options: EvaluationOptions | None = None) -> None:
        self.options = options or EvaluationOptions()
        self.collector = ScoreCollector()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuses what would end an evaluation, and builds the tubes that reference scores need; see `check_test`.

        LabelError where `data.oracle` is on and the target's test split has no frame labels.
        """
        data = data_of(trainer)
        if stage == "test":
            self.check_test(data, pl_module)
            source = data.evaluated("test").source
            note = self.options.note(source.dataset.name, source.constants)
            if note and trainer.is_global_zero:
                print(f"syrfa test: {note}", file=sys.stderr)
            if self.options.reference:
                prepare_reference(trainer)
        elif stage == "validate" or (stage == "fit" and trainer.limit_val_batches):
            self._check_constants(data, "validate")
        oracle = stage == "fit" and getattr(data, "oracle", False)
        if oracle and labels_of(data.evaluated("validate")) is None:
            raise LabelError("data.oracle: the target's test split has no frame labels to choose a checkpoint by")

    def check_test(self, data: TubeDataModule, module: LightningModule) -> None:
        """ConfigError for a module or constants that would end a test; also before a fit that a test follows."""
        if self.options.feature_distance:
            check_feature_distance(module, self.options.feature_distance_tubes)
        self._check_constants(data, "test")

    def _check_constants(self, data: TubeDataModule, stage: Stage) -> None:
        use = data.use(stage)
        if use is not None:
            self.options.check(use.source.constants, use.domain)

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets earlier scores."""
        del trainer, pl_module
        self.collector = ScoreCollector()

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *args: Any) -> None:  # noqa: ANN401 - the base class's
        """Collects one batch's scores."""
        del trainer, pl_module, args
        self.collector.add(outputs)

    on_validation_epoch_start = on_test_epoch_start
    on_validation_batch_end = on_test_batch_end  # type: ignore[assignment]  # it takes every further argument

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the metrics under the configured protocol as `val/...`; a partial sanity check is not scored."""
        if trainer.sanity_checking or is_partial(trainer.limit_val_batches):
            return
        split, scores = self._scores(trainer, "validate")
        labels = labels_of(split)
        if labels is None:
            return
        protocol = self.options.protocols(split.cache.spec.temporal_radius, split.source.constants)[0]
        metrics = evaluate(scores.objects, labels, protocol, bootstrap=0)["metrics"]
        # next to the number wherever it is shown: what the weights bring, and what this fit adds
        on = [name for name, used in switches_of(pl_module, split).items() if used]
        if trainer.state.fn == TrainerFn.FITTING:
            on += getattr(data_of(trainer), "switches", [])
        values = {key: metric["value"] for key, metric in metrics.items()} | dict.fromkeys(on, 1.0)
        pl_module.log_dict({f"val/{k}": v for k, v in values.items() if v is not None}, prog_bar=True, sync_dist=True)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """ConfigError where the test names a switch which the weights were fitted without."""
        data = data_of(trainer)
        used = switches_of(pl_module, data.evaluated("test"))
        for name in getattr(data, "switches", []):
            if not used[name]:
                raise ConfigError(f"data.{name}: these weights were fitted without it; leave it off, or fit with it")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes `scores/`, `curves.npz`, the pictures and, last, `result.json`; LabelError without frame labels."""
        if is_partial(trainer.limit_test_batches):
            return
        options, (split, scores) = self.options, self._scores(trainer, "test")
        dataset, labels = split.source.dataset, labels_of(split)
        if labels is None:
            raise LabelError(
                f"{split.dataset} {split.split} has no frame labels to test against; use predict to score it"
            )
        if options.reference:
            scores = replace(scores, reference=score_reference(trainer, split, options.reference_boxes))
        radius = split.cache.spec.temporal_radius
        evaluations, curves = evaluate_split(scores, labels, options, radius, split.source.constants, dataset.fps())
        extra = {"regions": {"value": None, "reason": "evaluation.regions is false"}}
        if options.regions:
            extra["regions"] = measure_regions(dataset, split.split, scores.objects, scores.others, options.bootstrap)
        if options.feature_distance:
            tubes, seed = options.feature_distance_tubes, options.feature_distance_seed
            extra["feature_distance"] = feature_distance(trainer, pl_module, split, labels, tubes, seed)
        values = {key: metric["value"] for key, metric in evaluations[0]["metrics"].items()}
        values |= {name: 1.0 for name, used in switches_of(pl_module, split).items() if used}
        pl_module.log_dict({f"test/{key}": value for key, value in values.items() if value is not None})
        if trainer.is_global_zero:
            folder = Path(trainer.default_root_dir)
            write_test(folder, trainer, pl_module, split, options, scores, evaluations, curves, extra)

    def _scores(self, trainer: Trainer, stage: Stage) -> tuple[EvaluatedSplit, SplitScores]:
        split = data_of(trainer).evaluated(stage)
        scores = self.collector.gather(split.rows)
        objects = objects_of(split, scores.pop("score"))
        return split, SplitScores(objects, {name: objects_of(split, other) for name, other in scores.items()})
