"""Results of tests whose means, deviations and flags are known, with all that a table reads of them."""

from typing import Any


def metric(value: float | None, chance: float = 0.5) -> dict[str, Any]:
    if value is None:
        return {"value": None, "reason": "every frame is abnormal"}
    return {"value": value, "ci_low": value - 0.05, "ci_high": value + 0.02, "chance": chance}


def reading(protocol: str, smoothing: str, value: float | None, width: float, **more: Any) -> dict[str, Any]:
    scaled = ["scaling: by each test video's own extremes"] if protocol == "paper" else []
    line = f"test information: {scaled[0]}." if scaled else "no test information."
    return {
        "audit": {"line": line, "test_information": scaled},
        "protocol": {"protocol": protocol, "smoothing": smoothing, "test_statistics": protocol == "paper"},
        "metrics": {"micro_auroc": metric(value), "auprc": metric(value, 0.82), "max_f1": metric(value, 0.901)},
        "baselines": {
            baseline: {name: metric(reached) for name in ("micro_auroc", "auprc", "max_f1")}
            for baseline, reached in (("box_width", width), ("random_smoothed", 0.512))
        },
        **more,
    }


def source_part(preset: str | None) -> dict[str, Any]:
    """What a run record says of a source: of a generated world, or of UBnormal."""
    return {"domain": "source", "dataset": "ubnormal", "world": {"preset": preset} if preset else None}


def canned_result(seed: int, value: float | None, **changed: Any) -> dict[str, Any]:
    """A result that scored `value` under the strict protocol and a tenth less under the paper's."""
    lower = None if value is None else value - 0.1
    return {
        "schema": 2,
        "experiment": "demo_full",
        "seed": seed,
        "steps": 500,
        "width": 8,
        "size": 32,
        "settings": {"lr_adapter": 1e-6, "knowledge": {"lr": 2e-3, "pretrained": None}},
        "adapter": {"name": "rap", "lr": 1e-6, "mean_abs": 2e-5 * seed, "max_abs": 1e-4 * seed},
        "split": "test",
        "videos": 12,
        "videos_released": 12,
        "frames": 2010,
        "objects": 31735,
        "manifest_sha256": "41862a8c062d" + "0" * 52,
        "cache_key": "6a1f8bad0cde",
        "transductive": False,
        "oracle": False,
        "device": "cpu",
        "precision": "32-true",
        "environment": {"git_commit": "0" * 40, "syrfa": "0.1.0", "packages": {"torch": "2.0.0"}, "threads": 1},
        "run_record": {"steps": [{"data": [source_part("standard"), {**source_part(None), "domain": "target"}]}]},
        "evaluations": [reading("strict", "centred", value, 0.96), reading("paper", "gaussian", lower, 0.92)],
        **changed,
    }
