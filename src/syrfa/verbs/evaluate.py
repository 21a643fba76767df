"""`syrfa evaluate`: the stored scores of a tested run under another protocol, window or reference."""

from pathlib import Path
from typing import Any

from syrfa.errors import ConfigError
from syrfa.evaluation.options import EvaluationOptions
from syrfa.evaluation.reference import Method
from syrfa.evaluation.result import read_result, with_evaluations
from syrfa.utils.files import write_json
from syrfa.verbs.summary import print_results


def evaluate(
    run: Path,
    seed: int = 0,
    out: Path | None = None,
    reference: tuple[Method, ...] | Method = (),
    **options: Any,  # noqa: ANN401 - as `EvaluationOptions` has them
) -> None:
    """Evaluate the stored scores of a tested run again, without network, checkpoint or data set.

    The other options are those of `test --evaluation.*`, and with the same options the numbers are the same.

    Args:
        run: the folder of a tested run.
        seed: of the resampling and of the random scores.
        out: also write the result with these evaluations, as JSON.
        reference: also report scores put in terms of the training normals: `local`, `fused`, `fisher`; where the run
            was tested with `--evaluation.reference`.
        options: see `EvaluationOptions`.

    Raises:
        UserError: the run was not tested, or its scores are not there.
    """
    methods = (reference,) if isinstance(reference, str) else tuple(reference)
    chosen = EvaluationOptions(reference=methods, **options)
    result = read_result(run)
    # torchmetrics is slow to import; a wrong folder is refused before
    from syrfa.evaluation.evaluate import SplitScores, evaluate_split

    scores, labels = SplitScores.read(run.parent if run.suffix == ".json" else run)
    if methods and scores.reference is None:
        raise ConfigError(
            f"{run}: the training normals were not scored; run `syrfa test` with "
            f"--evaluation.reference=[{','.join(methods)}]"
        )
    protocols = [each["protocol"] for each in result["evaluations"]]
    named = next((each["constants"] for each in protocols if each["protocol"] == "paper"), None)  # by the run's data
    first = result["evaluations"][0]
    chosen.check(named)
    alarms = first.get("alarms", {})
    fps = alarms.get("fps") if alarms.get("fps_from") == "data set" else None
    radius = int(first["protocol"]["temporal_radius"])
    evaluations, _ = evaluate_split(scores, labels, chosen, radius, named, fps, seed)
    again = with_evaluations(result, evaluations)
    print_results([again], all_evaluations=True)
    if out is not None:
        write_json(out, again)
