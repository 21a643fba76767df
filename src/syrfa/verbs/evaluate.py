"""`syrfa evaluate`: the stored scores of a tested run under another protocol, window or reference."""

from pathlib import Path
from typing import Any, Literal

from syrfa.datasets.protocol_constants import ConstantsOptions
from syrfa.errors import ConfigError
from syrfa.evaluation.audit import audit
from syrfa.evaluation.protocols import Smoothing
from syrfa.evaluation.reference import Method
from syrfa.evaluation.result import Result, read_result
from syrfa.utils.files import write_json
from syrfa.verbs.summary import print_results


def evaluate(
    run: Path,
    protocol: Literal["strict", "paper"] = "strict",
    smoothing: Smoothing = "centred",
    window: int = 25,
    constants: ConstantsOptions | None = None,
    reference: tuple[Method, ...] | Method = (),
    reference_neighbours: int = 200,
    tracks: bool = False,
    track_window: int = 11,
    track_iou: float = 0.3,
    alarm_recall: float = 0.9,
    bootstrap: int = 1000,
    seed: int = 0,
    out: Path | None = None,
) -> None:
    """Evaluate the stored scores of a tested run again, without network, checkpoint or data set.

    The options are those of `test --evaluation.*`, and with the same options the numbers are the same.

    Args:
        run: the folder of a tested run.
        protocol: what comes first: `strict`, or `paper`, the published post-processing.
        smoothing: of the strict protocol: `none`, `centred` or `causal`.
        window: frames averaged by `centred` and `causal`.
        constants: of the paper protocol, in place of those that the run's data named.
        reference: also report scores put in terms of the training normals: `local`, `fused`, `fisher`; where the run
            was tested with `--evaluation.reference`.
        reference_neighbours: normals that an object is compared with.
        tracks: also report scores averaged along short tracks.
        track_window: frames averaged along a track, odd.
        track_iou: overlap from which boxes of neighbouring frames are linked.
        alarm_recall: share of abnormal frames at which false alarms are counted.
        bootstrap: resamples of the videos for the intervals; 0 for none.
        seed: of the resampling and of the random scores.
        out: also write the result with these evaluations, as JSON.

    Raises:
        UserError: the run was not tested, or its scores are not there.
    """
    result = read_result(run)
    # torchmetrics is slow to import; a wrong folder is refused before
    from syrfa.evaluation.evaluate import SplitScores, evaluate_split
    from syrfa.evaluation.options import EvaluationOptions

    options = EvaluationOptions(
        protocol=protocol,
        smoothing=smoothing,
        window=window,
        constants=constants,
        bootstrap=bootstrap,
        tracks=tracks,
        track_window=track_window,
        track_iou=track_iou,
        reference=(reference,) if isinstance(reference, str) else tuple(reference),
        reference_neighbours=reference_neighbours,
        alarm_recall=alarm_recall,
    )
    scores, labels = SplitScores.read(run.parent if run.suffix == ".json" else run)
    if options.reference and scores.reference is None:
        raise ConfigError(
            f"{run}: the training normals were not scored; run `syrfa test` with "
            f"--evaluation.reference=[{','.join(options.reference)}]"
        )
    first, named = result["evaluations"][0], _constants(result)
    options.check(named)
    alarms = first.get("alarms", {})
    fps = alarms.get("fps") if alarms.get("fps_from") == "data set" else None
    radius = int(first["protocol"]["temporal_radius"])
    evaluations, _ = evaluate_split(scores, labels, options, radius, named, fps, seed)
    again = with_evaluations(result, evaluations)
    print_results([again], all_evaluations=True)
    if out is not None:
        write_json(out, again)


def with_evaluations(result: Result, evaluations: list[dict[str, Any]]) -> Result:
    """The result with these evaluations in place of its own, each with its audit line."""
    audited = [{**each, "audit": audit(result, each)._asdict()} for each in evaluations]
    first = audited[0]
    top = {key: first["protocol"][key] for key in ("protocol", "smoothing")}
    top |= {key: first[key] for key in ("metrics", "baselines", "audit")}
    return {**result, **top, "evaluations": audited}


def _constants(result: Result) -> Any:  # noqa: ANN401 - a name of `PUBLISHED_CONSTANTS`, or None
    """Whose published constants the run's data named; None where it named none."""
    papers = (each["protocol"] for each in result["evaluations"] if each["protocol"]["protocol"] == "paper")
    return next((protocol["constants"] for protocol in papers), None)
