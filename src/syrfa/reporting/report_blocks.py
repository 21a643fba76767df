"""The parts of a report that hold charts and pictures: what they show, what they lack, how many bytes they take."""

import base64
import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import escape

from syrfa.errors import UserError, in_one_line
from syrfa.evaluation.result import Result, value_of
from syrfa.evaluation.scores import CURVES, FrameCurves
from syrfa.reporting import alarms, charts
from syrfa.reporting.charts import Chart
from syrfa.reporting.report_words import evaluation_name
from syrfa.reporting.runs import CONFIGS, Experiment, Run
from syrfa.training.run_folder import TRAINING_LOG
from syrfa.utils.text_table import percent

_FIRST_VIDEOS = 12  # score curves that are not folded away
_MOST_STEPS = 400  # points of a training curve; of a longer training every n-th is drawn
_LISTED = (*CONFIGS, "provenance_fit.json", "provenance_test.json")
_DISTANCES = {
    "all": "all tubes",
    "normal": "tubes of normal frames",
    "abnormal": "tubes of abnormal frames",
    "between": "two different tubes, for scale",
}


@dataclass
class Block:
    """A part of a page: heading, sentences, what is missing (which the verb prints, too), charts, charts folded away.

    Pictures are video, caption and JPEG as a data URL, by heading; listings are texts of files by name.
    """

    title: str
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    folded: dict[str, list[Chart]] = field(default_factory=dict)
    pictures: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    listings: dict[str, str] = field(default_factory=dict)


@dataclass
class SizeBudget:
    """The bytes that charts, pictures and listings may still take."""

    left: int

    def fit(self, block: Block) -> Block:
        """The block; only its sentences, and one more, where the rest does not fit any more."""
        drawn = [*block.charts, *(chart for several in block.folded.values() for chart in several)]
        size = sum(len(chart.json.encode()) + 500 for chart in drawn)
        size += sum(len("".join(each)) + 500 for several in block.pictures.values() for each in several)
        size += sum(len(escape(text).encode()) + 500 for text in block.listings.values())
        if size == 0 or size <= self.left:
            self.left -= size
            return block
        sentence = f"{block.title or 'Charts'}: left out, because the page is full; report fewer runs at a time."
        return replace(block, charts=[], folded={}, pictures={}, listings={}, missing=[*block.missing, sentence])


def run_chart_block(experiments: Sequence[Experiment]) -> Block:
    """Micro AUROC of every run, where there are several."""
    rows = []
    for experiment in experiments:
        for run in experiment.runs:
            first = run.result["evaluations"][0]
            width = value_of(first["baselines"].get("box_width"))
            rows.append((experiment.name, run.name, first["metrics"]["micro_auroc"], width))
    return Block("", charts=[charts.run_chart(rows)] if len(rows) > 1 else [])


def curve_blocks(experiment: Experiment, data: Path | None) -> Iterator[Block]:
    """ROC and PR of every run; scores over time and alarms of the lowest seed. UserError for damaged curves."""
    run, rates = experiment.shown, Block("ROC and precision-recall")
    if run.folder is None:
        sentence = "This is a result file alone: curves, alarms and the training log stay in the folder of a run."
        yield Block("Curves", [sentence])
        return
    kept: list[tuple[str, FrameCurves]] = []
    for each in experiment.runs:
        if each.path(CURVES) is None:
            rates.missing.append(f"Curves of {each.name} are not shown: it has no {CURVES}; run `syrfa test` again.")
        else:
            kept.append((f"seed {each.result['seed']}", each.curves()))
    evaluations = run.result["evaluations"] if kept else []
    rates.folded = {evaluation_name(each): charts.rate_charts(kept, k) for k, each in enumerate(evaluations)}
    if evaluations:
        rates.charts = rates.folded.pop(evaluation_name(evaluations[0]))
        note = "All frames together, one line a run; dashed is box_width, dotted is chance."
        rates.notes.append(note if rates.charts else "A class is missing: there is no curve.")
    yield rates
    if run.path(CURVES) is not None:
        yield _scores(run, kept[0][1])
        yield _alarms(run, kept[0][1], data)


def _scores(run: Run, curves: FrameCurves) -> Block:
    first, drawn = run.result["evaluations"][0], charts.score_charts(curves)
    note = (
        f"Run {run.result['run_id']}, {evaluation_name(first)}; all videos on one scale. Shaded: frames labelled "
        "abnormal. Dashed: box_width, on a scale of its own. Checked: the micro AUROC of these curves is "
        f"{percent(value_of(first['metrics']))}, as in the result."
    )
    block = Block("Scores over time", [note], charts=drawn[:_FIRST_VIDEOS])
    if more := drawn[_FIRST_VIDEOS:]:
        block.folded[f"{len(more)} more videos"] = more
    return block


def _alarms(run: Run, curves: FrameCurves, data: Path | None) -> Block:
    block = Block("Highest alarms and missed frames")
    split, radius = run.result["split"], int(run.result["evaluations"][0]["protocol"].get("temporal_radius", 3))
    try:
        objects, dataset = run.objects(curves.names), run.dataset(data)
        found = alarms.find_alarms(objects, curves.scores[0], curves.labels, dataset, split, radius)
        drawn = [*alarms.draw_alarms(found, objects, dataset, split)]
    except UserError as error:
        block.missing.append(f"Alarms are not shown: {in_one_line(error)}. --data names another folder of the frames.")
        return block
    block.notes.append(
        f"Run {run.result['run_id']}: the objects that scored highest, at most one a video and {alarms.MOST} of each "
        "kind, by the model's own scores. True: in a frame labelled abnormal and, where the data set has a mask, on an "
        "abnormal pixel. Missed: the abnormal frames with the lowest frame score. Blue: the object; green: abnormal "
        "pixels; other colours: the anomaly map and its boxes."
    )
    block.pictures = {kind: [] for kind in (alarms.TRUE, alarms.FALSE, alarms.MISSED)}
    for alarm, jpeg in drawn:
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        caption = f"frame {alarm.frame}, score {alarm.score:.3f}"
        block.pictures[alarm.kind].append((curves.names[alarm.video], caption, url))
    return block


def training_block(runs: Sequence[Run]) -> Block:
    """Training curves, one line a run."""
    paths = [(run, run.path(TRAINING_LOG)) for run in runs]
    drawn = charts.training_charts([(f"seed {run.result['seed']}", _log(path)) for run, path in paths if path])
    absent = "No training log next to these results: the weights were trained in another run, or it kept none."
    return Block("Training", [] if drawn else [absent], charts=drawn)


def _log(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Step and value of every quantity but those of the test; a cell that is no finite number is left out."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            step = _number(row.pop("step", None))
            for name, cell in row.items():
                point = step, _number(cell)
                if name and name != "epoch" and not name.startswith("test/") and all(map(math.isfinite, point)):
                    found[name].append(point)
    return {name: points[:: -(-len(points) // _MOST_STEPS)] for name, points in found.items()}


def _number(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return math.nan


def distance_block(result: Result) -> tuple[Block, list[tuple[str, dict[str, object]]]]:
    """How far restyling moves the features (Fig. 4): the chart, and name and distances of each group."""
    found = result.get("feature_distance") or {}
    if "groups" not in found:
        why = f"could not be measured: {found['reason']}" if found.get("reason") else "was not measured in this run."
        return Block("Distance of features", [f"How far restyling moves the features (Fig. 4) {why}"]), []
    parts = [(f"adapter {found['adapter']}" if found["adapter"] != "none" else "no adapter", found)]
    parts += [("no adapter", found["unadapted"])] if found.get("unadapted") else []
    groups = [
        (f"{words}, {name}", part["between"] if key == "between" else part["groups"].get(key))
        for key, words in _DISTANCES.items()
        for name, part in parts
    ]
    rows = [(name, group) for name, group in groups if group and group["tubes"]]
    note = "Box: the middle half of the tubes; whiskers: 5 to 95 %; line: the median; dashed: the mean."
    return Block("Distance of features", [note], charts=[charts.distance_chart(rows)]), rows


def provenance_block(run: Run) -> Block:
    """Everything on record about a run; the environment and its settings are in the result."""
    block = Block(f"Provenance of {run.name}, seed {run.result['seed']}")
    if run.result.get("run_record_reason"):
        block.notes.append(f"There is no run record: {run.result['run_record_reason']}")
    record = {key: value for key, value in run.result.items() if key not in ("evaluations", "metrics", "baselines")}
    block.listings["result.json without its evaluations"] = json.dumps(record, indent=2, sort_keys=True)
    for path in filter(None, map(run.path, _LISTED)):
        block.listings[path.name] = path.read_text("utf-8", errors="replace")
    return block
