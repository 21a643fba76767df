"""The page without a browser: what it holds, what it says is absent, and what it refuses."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from canned_run import HEIGHT, WIDTH, curve, labels, videos, width_curve, write_dataset, write_run, write_sweep

from syrfa.__main__ import main
from syrfa.datasets import UCSDPed2
from syrfa.errors import UserError
from syrfa.reporting.alarms import draw_alarms, find_alarms
from syrfa.reporting.charts import MOST_POINTS, rates
from syrfa.reporting.report import write_report
from syrfa.reporting.runs import find_experiments
from syrfa.verbs.report import report

HOSTILE = '"><script>window.hit = 1</script><img src=x onerror="window.hit = 1">'


class Page(HTMLParser):
    """Text, elements and charts of a page.

    Attributes:
        charts: label and figure of each, in the order of the page.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        found = re.findall(
            r"<figcaption>([^<]*)</figcaption>\s*<div class=\"chart\".*?>(\{.*?\})</script>", self.source
        )
        self.charts = [(unescape(label), json.loads(figure)) for label, figure in found]
        self.feed(re.sub(r"<script>.*?</script>", "<script></script>", self.source, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] not in (["script"], ["style"]):
            self.text += f" {data}"

    def rows(self) -> list[str]:
        """Rows of tables as plain text."""
        found = re.findall(r"<tr>(.*?)</tr>", self.source, re.DOTALL)
        return [" ".join(unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in found]

    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    def chart(self, label: str) -> dict[str, Any]:
        """The first chart of that label."""
        return next(figure for name, figure in self.charts if name == label)

    def labels(self) -> list[str]:
        """Of all charts."""
        return [label for label, _ in self.charts]


def numbers(array: dict[str, Any] | list[float]) -> Any:
    """The values of an array of a chart, which Plotly writes as base64."""
    if isinstance(array, list):
        return np.array(array)
    return np.frombuffer(base64.b64decode(array["bdata"]), np.dtype(array["dtype"]))


@contextmanager
def result_of(run: Path) -> Iterator[dict[str, Any]]:
    """The result of a run, to be changed."""
    result = json.loads((run / "result.json").read_text())
    yield result
    (run / "result.json").write_text(json.dumps(result))


def page_of(place: Path, **options: Path) -> Page:
    report(place, out=place.parent / "page.html", **options)
    return Page(place.parent / "page.html")


def test_the_number_has_all_that_belongs_to_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge")
    page = page_of(run)
    evaluation = json.loads((run / "result.json").read_text())["evaluations"][0]
    metric, width = evaluation["metrics"]["micro_auroc"], evaluation["baselines"]["box_width"]["micro_auroc"]
    row = next(row for row in page.rows() if row.startswith("seed1"))
    for number in (metric["value"], metric["ci_low"], metric["ci_high"], width["value"], metric["chance"]):
        assert f"{100 * number:.1f}" in row
    for words in ("strict, centred over 5 frames", "fixed, 1500 steps", "none", "no test information"):
        assert words in row
    assert "no test information: trained on source train" in page.text
    for words in ("c0ffee", "cafe0123", "4" * 64, "5" * 64, "python -m syrfa test --seed 1", "2 of 12 released videos"):
        assert words in page.words()


def test_every_reading_says_which_test_information_entered(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path / "knowledge", transductive=True))
    rows = [row for row in page.rows() if row.startswith(("strict", "paper"))]
    strict = next(row for row in rows if row.startswith("strict, no smoothing"))
    paper = next(row for row in rows if row.startswith("paper (ped2)"))
    assert "test information: transductive" in strict
    assert "test information: transductive, scaling" in paper
    assert "scaling" not in strict
    assert "scaling: the scores of each test video" in page.text


def test_runs_of_an_experiment_become_a_mean_with_its_deviation(tmp_path: Path) -> None:
    for seed, value in ((1, 0.9), (2, 0.92), (3, 0.94)):
        run = write_run(tmp_path / "runs" / "knowledge", seed, curves=False)
        with result_of(run) as result:
            result["evaluations"][0]["metrics"]["micro_auroc"]["value"] = value
    write_run(tmp_path / "runs" / "other")
    page = page_of(tmp_path / "runs")
    overview = next(row for row in page.rows() if row.startswith("knowledge"))
    assert "92.0 ± 2.0" in overview
    evaluation = [row for row in page.rows() if row.startswith("strict, centred")]
    assert "90.0 92.0 94.0" in evaluation[0]  # every single run
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == ["overview", "e0", "e1"]
    compared = page.chart("Micro AUROC of every run")["data"][0]
    assert compared["y"] == ["knowledge", "knowledge", "knowledge", "other"]
    np.testing.assert_allclose(numbers(compared["x"])[:3], [90, 92, 94])


def test_curves_are_those_that_were_measured(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path / "knowledge"))
    for number, name in enumerate(("Test001", "Test002")):
        figure = page.chart(name)
        ours, width = (numbers(trace["y"]) for trace in figure["data"])
        np.testing.assert_allclose(ours, curve(0, number), atol=1e-6)
        np.testing.assert_allclose(width, width_curve(0, number), atol=1e-6)
        assert [(shape["x0"], shape["x1"]) for shape in figure["layout"]["shapes"]] == [(19.5, 39.5)]
    assert "as in the result" in page.text
    assert page.labels().count("ROC") == page.labels().count("Precision and recall") == 3  # one an evaluation
    assert [trace["name"] for trace in page.chart("ROC")["data"]] == ["seed 1", "box_width", "chance"]


def test_what_is_absent_is_said(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path / "knowledge", curves=False))
    for sentence in ("it has no curves.npz", "(RBDC, TBDC) were not measured", "(Fig. 4) was not measured"):
        assert sentence in page.words()
    assert not {"ROC", "Test001"} & set(page.labels())


def test_curves_of_another_test_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "knowledge")
    with result_of(run) as result:
        result["evaluations"][0]["metrics"]["micro_auroc"]["value"] = 0.123
    assert main(["report", str(run)]) == 2
    assert "its result.json says 0.123; run `syrfa test` again" in capsys.readouterr().err


def test_alarms_are_the_highest_objects_and_misses_the_lowest_abnormal_frames(tmp_path: Path) -> None:
    dataset = UCSDPed2(write_dataset(tmp_path / "ped2"))
    objects, scores = videos(), [np.linspace(1, 0, 40), np.linspace(0, 1, 40)]
    alarms = find_alarms(objects, scores, labels(), dataset, "test", 3)
    found = [(alarm.kind, alarm.video, alarm.frame) for alarm in alarms]
    assert found[:2] == [("True alarms", 0, 36), ("True alarms", 1, 36)]
    assert found[2:4] == [("False alarms", 0, 10), ("False alarms", 1, 10)]
    assert found[4:] == [("Missed frames", 0, 36), ("Missed frames", 1, 20)]  # the last frames have no tube
    assert alarms[4].score == pytest.approx(3 / 39)
    (_, jpeg), *_ = draw_alarms(alarms, objects, dataset, "test")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (round(480 * HEIGHT / WIDTH), 480, 3)
    inside, outside = picture[170, 330].astype(int), picture[300, 240].astype(int)
    assert np.ptp(inside) > 60  # under the colours of the map
    assert np.ptp(outside) < 12  # a grey frame


def test_an_object_off_the_mask_is_a_false_alarm(tmp_path: Path) -> None:
    dataset = UCSDPed2(write_dataset(tmp_path / "ped2"))
    objects = videos()
    objects[0].object_score[2 * 30] = 0.99  # the first person, in an abnormal frame
    alarms = find_alarms(objects, [np.zeros(40)] * 2, labels(), dataset, "test", 3)
    assert (0, 30, "False alarms") in [(alarm.video, alarm.frame, alarm.kind) for alarm in alarms]


def test_pictures_of_alarms_are_in_the_page(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path / "knowledge", dataset=write_dataset(tmp_path / "ped2")))
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 6  # two true alarms, two false ones and two missed frames
    for attributes in pictures:
        kind, _, content = str(attributes["src"]).partition(",")
        assert kind == "data:image/jpeg;base64"
        assert base64.b64decode(content).startswith(b"\xff\xd8")
        assert attributes["alt"]


def test_a_folder_named_with_data_is_used(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "ped2")
    run = write_run(tmp_path / "knowledge", dataset=tmp_path / "moved")
    assert "Alarms are not shown" in page_of(run).text
    assert "Alarms are not shown" not in page_of(run, data=dataset).text


def test_no_configuration_can_have_code_imported(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge")
    described = {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", str(tmp_path / "hit")]}}
    (run / "config_test.yaml").write_text(json.dumps({"data": {"target": {"dataset": described}}}))
    page_of(run)
    assert not (tmp_path / "hit").exists()


def test_text_of_others_is_text(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge", names=(HOSTILE, "</script><script>window.hit = 1</script>"))
    with result_of(run) as result:
        result |= {"experiment": HOSTILE, "run_id": HOSTILE, "module": HOSTILE, "device": HOSTILE, "cache_key": HOSTILE}
        result["environment"]["arguments"] = [HOSTILE]
        result["regions"] = {"value": None, "reason": HOSTILE}
    (run / "config_fit.yaml").write_text(HOSTILE)
    (run / "metrics.csv").write_text(f'step,"{HOSTILE.replace(chr(34), chr(34) * 2)}"\n1,2\n2,3\n')
    page = page_of(run)
    assert [tag for tag, attributes in page.tags if tag == "script" and not attributes] == ["script", "script"]
    assert not [tag for tag, attributes in page.tags if tag == "img" or "onerror" in attributes]
    assert HOSTILE in page.text
    assert HOSTILE in page.labels()


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path / "knowledge", dataset=write_dataset(tmp_path / "ped2")))
    policy = str(next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"))
    assert policy.startswith("default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "embed", "base", "form")
        for name in ("src", "href"):
            assert str(attributes.get(name) or "#").startswith(("#", "data:"))
    own = re.sub(r"<script>.*?</script>", "", page.source, flags=re.DOTALL)
    assert not re.search(r"url\(|@import|https?://", own)  # of what is not Plotly itself


def test_training_curves_of_all_runs_and_no_number_of_the_test(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_run(tmp_path / "knowledge", seed)
    page = page_of(tmp_path / "knowledge")
    assert [label for label in page.labels() if "/" in label] == ["train/cls"]
    first, second = page.chart("train/cls")["data"]
    assert (first["name"], second["name"]) == ("seed 1", "seed 2")
    assert (numbers(first["x"]).tolist(), numbers(first["y"]).tolist()) == ([49, 99, 149], [1.5, 0.75, 0.5])


def test_a_sweep_is_drawn_and_listed(tmp_path: Path) -> None:
    page = page_of(write_sweep(tmp_path / "sweep"))
    assert page.labels() == ["lambda_cls", "lambda_aux"]
    traces = page.chart("lambda_aux")["data"]
    assert [trace["name"] for trace in traces] == ["val/micro_auroc", "test/micro_auroc"]
    assert traces[1]["x"] == [5.0, 0.5, 0.5]  # the failed point is in the table alone
    np.testing.assert_allclose(traces[1]["y"], [95, 85, 80])
    listed = [row.split()[0] for row in page.rows() if row.endswith(("point0", "point1", "point2", "point3"))]
    assert listed == ["2", "3", "1", "4"]


def test_rates_end_in_the_corners_and_are_thinned() -> None:
    draw = np.random.default_rng(0)
    truth = (draw.uniform(size=5000) < 0.3).astype(np.uint8)
    lines = rates([draw.normal(size=5000) + truth], [truth])
    assert lines is not None
    roc, pr = lines
    assert (roc[0].tolist(), roc[-1].tolist()) == ([0, 0], [1, 1])
    assert len(roc) <= MOST_POINTS
    assert len(pr) <= MOST_POINTS
    x, y = roc.T
    area = float(np.diff(x) @ (y[1:] + y[:-1]) / 2)
    assert area == pytest.approx(0.76, abs=0.02)  # of two normals one deviation apart
    assert rates([np.zeros(4)], [np.zeros(4, np.uint8)]) is None


def test_a_full_page_leaves_out_charts_and_pictures_and_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge", dataset=write_dataset(tmp_path / "ped2"))
    full = write_report(tmp_path / "page.html", "x", find_experiments(run))
    size = (tmp_path / "page.html").stat().st_size
    absent = write_report(tmp_path / "page.html", "x", find_experiments(run), limit=size - 10_000)
    assert full == []
    assert any("the page is full" in sentence for sentence in absent)
    assert (tmp_path / "page.html").stat().st_size <= size - 10_000
    assert "seed1" in Page(tmp_path / "page.html").text
    with pytest.raises(UserError, match="report fewer runs"):
        write_report(tmp_path / "page.html", "x", find_experiments(run), limit=100_000)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "result.json").unlink(), "no run has finished"),
        (lambda run: (run / "result.json").write_text("{"), "damaged"),
        (lambda run: (run / "result.json").write_text('{"schema": 2, "evaluations": [{}]}'), "lacks experiment"),
        (lambda run: (run / "curves.npz").write_bytes(b"PK"), "curves.npz: damaged"),
        (lambda run: (run / "sweep.json").write_text("[]"), "run the sweep again"),
    ],
)
def test_a_damaged_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage, said: str) -> None:
    run = write_run(tmp_path / "knowledge")
    damage(run)
    assert main(["report", str(run), "--out", str(tmp_path / "page.html")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "page.html").exists()


def test_a_missing_folder_and_a_folder_as_page_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "knowledge")
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert main(["report", str(run), "--out", str(tmp_path)]) == 2
    assert main(["report", str(run), "--data", str(tmp_path / "nowhere")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_the_page_is_in_the_folder_of_the_run_and_is_the_same_every_time(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge")
    assert main(["report", str(run)]) == 0
    first = (run / "report.html").read_bytes()
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == first


def test_runs_with_other_settings_or_data_are_no_seeds_of_an_experiment(tmp_path: Path) -> None:
    for seed, settings, manifest in ((1, 1.0, "4"), (2, 1.0, "4"), (3, 0.1, "4"), (4, 1.0, "9")):
        inner = {"seed": seed, "lr": 0.1}
        changed = {"lambda_cls": settings, "seed": seed, "knowledge": inner, "weights": f"runs/seed{seed}/last.ckpt"}
        write_run(tmp_path / "runs" / "knowledge", seed, settings=changed, manifest_sha256=manifest * 64)
    found = find_experiments(tmp_path / "runs")
    assert {experiment.name: [run.result["seed"] for run in experiment.runs] for experiment in found} == {
        "knowledge (lambda_cls 1.0, manifest 44444444)": [1, 2],
        "knowledge (lambda_cls 0.1, manifest 44444444)": [3],
        "knowledge (lambda_cls 1.0, manifest 99999999)": [4],
    }


MONITORED = {"domain": "source", "split": "train", "manifest_sha256": "5" * 64, "monitor": "val/micro_auroc"}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"oracle": True}, ["knowledge (flags none)", "knowledge (flags oracle)"]),
        ({"transductive": True}, ["knowledge (flags none)", "knowledge (flags transductive)"]),
        ({"steps": 3000}, ["knowledge (steps 1500)", "knowledge (steps 3000)"]),
        ({"cache_key": "beef"}, ["knowledge (tubes beef)", "knowledge (tubes cafe0123)"]),
        (
            {"trained_on": [{"domain": "source", "split": "train", "manifest_sha256": "6" * 64}]},
            ["knowledge (trained on source train 55555555)", "knowledge (trained on source train 66666666)"],
        ),
    ],
)
def test_runs_that_differ_in_more_than_their_seed_are_never_averaged(
    tmp_path: Path, changes: dict[str, Any], names: list[str]
) -> None:
    write_run(tmp_path / "runs" / "knowledge", 1)
    write_run(tmp_path / "runs" / "knowledge", 2, **changes)
    assert sorted(experiment.name for experiment in find_experiments(tmp_path / "runs")) == names
    page = page_of(tmp_path / "runs")
    assert "mean ± standard deviation over 2 runs" not in page.words()


def test_what_belongs_to_a_seed_parts_no_runs(tmp_path: Path) -> None:
    """A phase 2 starts from its seed's weights, an ensemble has members, and a metric chooses after how many steps."""
    for seed in (1, 2):
        members = [f"last.ckpt sha256:{seed}{member}" for member in range(3)]
        chosen = {"trained_on": [{**MONITORED, "monitored_sha256": "7" * 64}], "steps": 100 * seed}
        write_run(tmp_path / "runs" / "ensemble", seed, settings={"members": members, "from": members[0]}, **chosen)
    (experiment,) = find_experiments(tmp_path / "runs")
    assert [run.result["seed"] for run in experiment.runs] == [1, 2]


def test_an_audit_of_any_run_is_next_to_the_mean(tmp_path: Path) -> None:
    write_run(tmp_path / "knowledge", 1)
    run = write_run(tmp_path / "knowledge", 2)
    with result_of(run) as result:
        result["evaluations"][0]["audit"] = {"line": "looked twice", "test_information": ["looked: twice"]}
    page = page_of(tmp_path / "knowledge")
    assert '<p class="audit entered">looked twice</p>' in page.source
    row = next(row for row in page.rows() if row.startswith("strict, centred"))
    assert "no test information / test information: looked" in row


def test_points_of_a_sweep_are_no_runs_of_an_experiment(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "runs" / "sweep")
    write_run(tmp_path / "runs" / "sweep", 1).rename(sweep / "point1")
    page = page_of(tmp_path / "runs")
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == ["s0"]
    row = next(row for row in page.rows() if row.endswith("point1"))
    assert "no test information" in row


def test_result_files_without_folders_make_tables(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge")
    (tmp_path / "results").mkdir()
    (run / "result.json").rename(tmp_path / "results" / "knowledge_seed1.json")
    (tmp_path / "results" / "other.json").write_text('{"schema": 1, "kind": "realism"}')
    page = page_of(tmp_path / "results")
    assert any(row.startswith("seed1") for row in page.rows())
    assert "This is a result file alone" in page.words()


def test_regions_alarm_rates_and_distances_of_a_newer_result(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge")
    with result_of(run) as result:
        metric = {"value": 0.412, "ci_low": 0.371, "ci_high": 0.466, "chance": 0.1}
        result["regions"] = {"rbdc": metric, "tbdc": metric, "ground_truth": "parts of masks", "baselines": {}}
        alarms = {"recall": 0.9, "frame_recall": 0.95, "threshold": 0.5, "false_alarms_per_hour": 1234.5}
        result["evaluations"][0]["alarms"] = alarms
        wide = {"objects": 40, "above": {"0.5": 0.75, "0.9": 0.5}}
        normals = {
            "split": "train",
            "every_frame": 3,
            "objects": 1000,
            "above": {"0.5": 0.15, "0.9": 0.01},
            "wide": wide,
        }
        result["normals"] = normals
        group = {"tubes": 77, "mean": 2.5, "std": 0.5, "quantiles": [1, 2, 3, 4, 5]}
        result["feature_distance"] = {"adapter": "rap", "groups": {"all": group}, "between": group, "unadapted": None}
    page = page_of(run)
    rows = page.rows()
    assert "model 41.2 37.1 to 46.6 10.0 41.2 37.1 to 46.6 10.0" in rows
    assert "Ground truth: parts of masks." in page.words()
    assert any(row.startswith("strict, centred") and "1,234" in row for row in rows)
    assert "all boxes 1,000 15.0 1.0" in rows
    assert "boxes wider than high 40 75.0 50.0" in rows
    assert "all tubes, adapter rap 77 2.5 0.5 1 2 3 4 5" in rows
    box = page.chart("Distance of features")["data"][0]
    assert [box[key][0] for key in ("lowerfence", "q1", "median", "q3", "upperfence", "mean")] == [1, 2, 3, 4, 5, 2.5]
    result["feature_distance"] = {"value": None, "reason": "ped2 test: 2 tubes are too few"}
    (run / "result.json").write_text(json.dumps(result))
    assert "(Fig. 4) could not be measured: ped2 test: 2 tubes are too few" in page_of(run).words()


def test_a_training_loss_chose_on_no_validation_split(tmp_path: Path) -> None:
    run = write_run(tmp_path / "knowledge")
    with result_of(run) as result:
        result["trained_on"][0]["monitor"] = "train/cls"
    assert "best train/cls on the training batches" in page_of(run).words()


def test_frames_of_other_videos_are_not_shown(tmp_path: Path) -> None:
    right, small, other = (write_dataset(tmp_path / name) for name in ("right", "small", "other"))
    run = write_run(tmp_path / "knowledge", dataset=right)
    for file in small.rglob("*.tif"):
        cv2.imwrite(str(file), np.zeros((12, 18), np.uint8))
    for name in ("Test001", "Test002"):
        (other / "Test" / name).rename(other / "Test" / name.replace("00", "01"))
        (other / "Test" / f"{name}_gt").rename(other / "Test" / f"{name}_gt".replace("00", "01"))
    assert "True alarms" in page_of(run).words()
    assert "18x12 pixels, and 90x60 were tested" in page_of(run, data=small).words()
    assert "has no video Test001" in page_of(run, data=other).words()
