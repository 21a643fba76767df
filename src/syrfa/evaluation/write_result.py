"""What a test leaves in its run's folder: scores, curves, pictures and `result.json`."""

import sys
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer

from syrfa.evaluation.audit import audit, flags_of, record_flags
from syrfa.evaluation.evaluate import SplitScores
from syrfa.evaluation.frame_curves import CURVES, FrameCurves
from syrfa.evaluation.options import EvaluationOptions
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
    """Writes `scores/`, `curves.npz`, the pictures and, last, `result.json`.

    Args:
        folder: of the run.
        trainer: see `result_of`.
        module: see there.
        split: see there.
        options: of the test.
        scores: of the split.
        evaluations: see `result_of`.
        curves: their frame scores.
        extra: further entries of the result.
    """
    radius = split.cache.spec.frames // 2
    scores.write(folder, radius)
    curves.write(folder / CURVES)
    normals = None if scores.reference is None else scores.reference.summary()
    result = result_of(trainer, module, split, evaluations, normals, environment())
    line = result["audit"]["line"]
    print(f"syrfa test: {line}", file=sys.stderr)
    if options.pictures:
        from syrfa.evaluation.pictures import draw_pictures  # matplotlib is slow to import

        protocol, dataset = options.protocols(radius, split.source.constants)[0], split.source.dataset
        flags = flags_of(result)
        draw_pictures(folder, scores.objects, curves.labels, protocol, dataset, split.split, flags=flags, caption=line)
    write_json(folder / RESULT, {**result, **extra})


def result_of(
    trainer: Trainer,
    module: LightningModule,
    split: EvaluatedSplit,
    evaluations: list[dict[str, Any]],
    normals: dict[str, Any] | None,
    environment: dict[str, Any],
) -> dict[str, Any]:
    """The result of a test.

    Args:
        trainer: whose default_root_dir is the run's folder, `<root>/<experiment>/<id>`.
        module: what was tested.
        split: what it was tested on.
        evaluations: one per protocol; the first is the run's.
        normals: what the target's training normals scored; None where they were not.
        environment: of `syrfa.training.provenance`.

    Returns:
        JSON; values are fractions in [0, 1], a metric that could not be computed is null with a reason;
        `videos_released` is null where there is no release: footage of one's own, a generated world; `audit` says which
        test information entered a number, of each evaluation and, on top, of the first; `run_record` is what `syrfa
        reproduce` runs, null with a `run_record_reason` where a checkpoint does not say it.

    Raises:
        TypeError: the module is no AnomalyModule.
    """
    flags = switches_of(module, split)
    assert isinstance(module, AnomalyModule)  # or it was refused
    *_, experiment, run_id = trainer.default_root_dir.split("/")
    first, source = evaluations[0], split.source
    record, without = run_record_of(trainer)
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
        "cache_key": split.cache_key,
        "videos": len(infos),
        "videos_released": source.dataset.videos_released(split.split),
        "frames": sum(info.frames for info in infos),
        "objects": len(split.rows),
        "boxes": {"detector": source.detector.found_by()},
        "protocol": first["protocol"]["protocol"],
        "smoothing": first["protocol"]["smoothing"],
        **flags,
        "trained_on": module.trained_on,
        "metrics": first["metrics"],
        "baselines": first["baselines"],
        "evaluations": evaluations,
        "normals": normals,
        "adapter": module.adapter_report(),
        "device": str(module.device),
        "precision": str(trainer.precision),
        "environment": environment,
        "run_record": record,
        "run_record_reason": without,
    }
    audited = [{**each, "audit": audit(result, each).to_json()} for each in evaluations]
    return {**result, "evaluations": audited, "audit": audited[0]["audit"]}


def switches_of(module: LightningModule, split: EvaluatedSplit) -> dict[str, bool]:
    """`transductive` and `oracle`, as the record of the weights has it for this split.

    Raises:
        TypeError: it is no AnomalyModule.
    """
    if not isinstance(module, AnomalyModule):
        raise TypeError(f"a result is made of an AnomalyModule, not {type(module).__name__}")
    tested = {"dataset": split.dataset, "split": split.split, "manifest_sha256": split.manifest_hash}
    return record_flags(module.trained_on, tested)
