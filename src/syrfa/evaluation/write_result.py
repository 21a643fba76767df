"""What a test leaves in its run's folder: scores, curves, pictures and `result.json`."""

import sys
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer

from syrfa.evaluation.audit import flags_of, record_flags
from syrfa.evaluation.evaluate import SplitScores
from syrfa.evaluation.options import EvaluationOptions
from syrfa.evaluation.result import with_evaluations
from syrfa.evaluation.scores import CURVES, FrameCurves
from syrfa.modules import AnomalyModule
from syrfa.training.provenance import environment
from syrfa.training.run_folder import RESULT, RESULT_SCHEMA
from syrfa.training.run_record import run_record_of
from syrfa.tubes.source import EvaluatedSplit
from syrfa.utils.files import write_json


def write_test(
    folder: Path,
    trainer: Trainer,
    module: LightningModule,
    split: EvaluatedSplit,
    options: EvaluationOptions,
    scores: SplitScores,
    evaluations: list[dict[str, Any]],
    curves: FrameCurves,
    extra: dict[str, Any],
) -> None:
    """Writes `scores/`, `curves.npz`, the pictures and, last, `result.json` into the run's folder."""
    radius, source = split.cache.spec.temporal_radius, split.source
    scores.write(folder, radius)
    curves.write(folder / CURVES)
    normals = None if scores.reference is None else scores.reference.summary()
    result = _result(trainer, module, split, evaluations, normals)
    line, flags = result["audit"]["line"], flags_of(result)
    print(f"syrfa test: {line}", file=sys.stderr)
    if options.pictures:
        from syrfa.evaluation.pictures import draw_pictures  # matplotlib is slow to import

        protocol = options.protocols(radius, source.constants)[0]
        draw_pictures(folder, scores.objects, curves.labels, protocol, source.dataset, split.split, flags, line)
    write_json(folder / RESULT, {**result, **extra})


def _result(
    trainer: Trainer,
    module: LightningModule,
    split: EvaluatedSplit,
    evaluations: list[dict[str, Any]],
    normals: dict[str, Any] | None,
) -> dict[str, Any]:
    flags = switches_of(module, split)
    assert isinstance(module, AnomalyModule)  # or it was refused
    *_, experiment, run_id = trainer.default_root_dir.split("/")
    source = split.source
    record, without = run_record_of(trainer)  # None and a reason where a checkpoint does not say it
    extractor, infos = module.extractor, split.cache.video_infos
    result = {
        "schema": RESULT_SCHEMA,
        "experiment": experiment,
        "run_id": run_id,
        "module": type(module).__name__,
        "settings": module.settings(),
        "seed": module.seed,
        "steps": int(module.batches_seen),
        "width": extractor.width,
        "size": extractor.size,
        "dataset": split.dataset,
        "domain": split.domain,
        "split": split.split,
        "manifest_sha256": split.manifest_hash,
        "labels_sha256": source.dataset.labels_hash(split.split),
        "cache_key": split.cache.key,
        "videos": len(infos),
        "videos_released": source.dataset.videos_released(split.split),
        "frames": sum(info.frames for info in infos),
        "objects": len(split.rows),
        "boxes": {"detector": source.detector.found_by()},
        **flags,
        "trained_on": module.trained_on,
        "normals": normals,
        "adapter": module.adapter_report(),
        "device": str(module.device),
        "precision": str(trainer.precision),
        "environment": environment(),
        "run_record": record,
        "run_record_reason": without,
    }
    return with_evaluations(result, evaluations)


def switches_of(module: LightningModule, split: EvaluatedSplit) -> dict[str, bool]:
    """`transductive` and `oracle` of the weights for this split; TypeError where the module is no AnomalyModule."""
    if not isinstance(module, AnomalyModule):
        raise TypeError(f"a result is made of an AnomalyModule, not {type(module).__name__}")
    tested = {"dataset": split.dataset, "split": split.split, "manifest_sha256": split.manifest_hash}
    return record_flags(module.trained_on, tested)
