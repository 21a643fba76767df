"""The boxes and differences of feature distances, on results made by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syrfa.errors import ConfigError
from syrfa.reporting.fig4 import arrange, differences, measured_of, plot_fig4
from syrfa.reporting.runs import Run

PLAIN = (2.0, 4.0, 3.0)
TUBES = (10, 20, 70)


def described(mean: float, tubes: int = 100) -> dict[str, Any]:
    return {"tubes": tubes, "mean": mean, "std": 0.1, "quantiles": [mean - 2, mean - 1, mean, mean + 1, mean + 2]}


def measured(means: tuple[float, ...]) -> dict[str, Any]:
    mean = float(np.average(means, weights=TUBES))
    empty = {"tubes": 0, "mean": None, "std": None, "quantiles": None}
    videos = zip("abc", TUBES, means, strict=True)
    return {
        "groups": {"all": described(mean), "normal": described(mean), "abnormal": empty},
        "between": described(10.0),
        "by_video": [{"video": name, "tubes": tubes, "mean": value} for name, tubes, value in videos],
    }


def result(adapter: str, seed: int, means: tuple[float, ...], plain: tuple[float, ...] = PLAIN, **more: Any) -> Any:
    auroc = {"micro_auroc": {"value": 0.9}}
    return {
        **{"experiment": adapter, "run_id": f"seed{seed}", "module": "RealAdaptModule", "seed": seed, "steps": 5},
        **{"dataset": "ped2", "split": "test", "manifest_sha256": "0" * 64, "cache_key": "k"},
        **{"transductive": False, "oracle": False, "settings": {"adapter_args": {"depth": 1}}},
        "evaluations": [{"metrics": auroc, "baselines": {"unadapted": auroc}}],
        "feature_distance": {
            **{"features": 64, "tubes": 100, "seed": 0, "style": {"mix": "swap"}, "adapter": adapter},
            **measured(means),
            "unadapted": None if adapter == "none" else measured(plain),
        },
        **more,
    }


def parts(*results: dict[str, Any]) -> list[Any]:
    return [part for content in results for part in measured_of(opened(content))]


def opened(content: dict[str, Any], file: Path = Path("runs/x/result.json")) -> Run:
    return Run(file.parent, file, content)


def difference(*results: dict[str, Any], of: str = "rap", less: str = "ap") -> dict[str, Any]:
    """The entry of a pair of adapters in the one panel of some results."""
    (panel,) = arrange(parts(*results)).values()
    return next(entry for entry in differences(panel) if (entry["of"], entry["less"]) == (of, less))


RAP, AP = result("rap", 1, (1.0, 3.0, 2.5)), result("ap", 1, (1.5, 3.5, 2.0))


def test_panels_hold_each_adapter_once_and_the_plain_network_of_both_once() -> None:
    (panel,) = arrange(parts(RAP, AP, result("none", 1, PLAIN))).values()
    assert [part.adapter for part in panel] == ["none", "ap", "rap"]


def test_what_cannot_share_an_axis_stands_in_panels_of_its_own() -> None:
    other = result("ap", 1, (1.5, 3.5, 2.0), dataset="avenue")
    fewer = result("ap", 1, (1.5, 3.5, 2.0))
    fewer["feature_distance"]["tubes"] = 50
    panels = arrange(parts(RAP, other, fewer))
    assert [(scale[0], scale[5], [part.adapter for part in panel]) for scale, panel in panels.items()] == [
        ("avenue", 100, ["none", "ap"]),
        ("ped2", 100, ["none", "rap"]),
        ("ped2", 50, ["none", "ap"]),
    ]


def test_a_depth_is_another_adapter_and_a_second_run_of_one_is_refused() -> None:
    deep = result("ap", 1, (1.0, 1.0, 1.0), settings={"adapter_args": {"depth": 5}})
    (panel,) = arrange(parts(AP, deep)).values()
    assert [part.adapter for part in panel] == ["none", "ap", "ap depth 5"]
    with pytest.raises(ConfigError, match=r"rap/seed1 and rap/seed1: both are adapter rap, seed 1, on ped2"):
        arrange(parts(RAP, RAP))


def test_differences_are_those_of_the_means_and_say_what_else_differs() -> None:
    (panel,) = arrange(parts(RAP, AP)).values()
    pairs = [(entry["of"], entry["less"]) for entry in differences(panel)]
    assert pairs == [("ap", "none"), ("rap", "none"), ("rap", "ap")]
    entry = difference(RAP, AP)
    assert entry["mean"] == pytest.approx((10 * -0.5 + 20 * -0.5 + 70 * 0.5) / 100)
    assert entry["std"] is None
    assert entry["seeds"][0]["same_phase1"]
    other = result("ap", 1, (1.5, 3.5, 2.0), plain=(9.0, 9.0, 9.0))
    assert not difference(RAP, other)["seeds"][0]["same_phase1"]
    assert difference(RAP, other, of="ap", less="none")["mean"] == pytest.approx(2.25 - 9)


def test_over_seeds_only_runs_of_one_seed_are_compared() -> None:
    rap = [result("rap", seed, (seed, seed, seed)) for seed in (1, 2, 3)]
    ap = [result("ap", seed, (2.0 * seed,) * 3) for seed in (1, 2)]
    entry = difference(*rap, *ap)
    assert [(seed["seed"], seed["value"]) for seed in entry["seeds"]] == [(1, -1.0), (2, -2.0)]
    assert (entry["mean"], entry["std"]) == (-1.5, pytest.approx(np.sqrt(0.5)))
    assert [(seed["ci_low"], seed["ci_high"]) for seed in entry["seeds"]] == [(-1.0, -1.0), (-2.0, -2.0)]


def test_the_interval_is_that_of_a_loop_over_resamples() -> None:
    entry = difference(RAP, AP)["seeds"][0]
    generator, values = np.random.default_rng(9), []
    tubes, apart = np.array(TUBES), np.array([-0.5, -0.5, 0.5])
    for _ in range(4000):
        drawn = generator.integers(0, 3, 3)
        values.append(np.average(apart[drawn], weights=tubes[drawn]))
    low, high = np.quantile(values, [0.025, 0.975])
    assert (entry["ci_low"], entry["ci_high"]) == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))


def test_one_video_has_no_interval() -> None:
    one, two = result("rap", 1, (1.0, 3.0, 2.5)), result("ap", 1, (1.5, 3.5, 2.0))
    for content in (one, two):
        for values in (content["feature_distance"], content["feature_distance"]["unadapted"]):
            values["by_video"] = values["by_video"][:1]
    (panel,) = arrange(parts(one, two)).values()
    assert all(seed["ci_low"] is None for entry in differences(panel) for seed in entry["seeds"])


def test_the_figure_is_the_same_in_any_order_of_runs_and_holds_its_numbers(tmp_path: Path) -> None:
    runs = []
    for content in (RAP, AP):
        folder = tmp_path / content["experiment"]
        folder.mkdir()
        (folder / "result.json").write_text(json.dumps(content))
        runs.append(opened(content, folder / "result.json"))
    first = plot_fig4(tmp_path / "a" / "fig4.png", runs)
    second = plot_fig4(tmp_path / "b" / "fig4.png", runs[::-1])
    assert [path.name for path in first] == ["fig4.png", "fig4.pdf", "fig4.json"]
    for one, other in list(zip(first, second, strict=True))[:2]:
        assert one.read_bytes() == other.read_bytes()
    content = json.loads(first[2].read_text())
    (panel,) = content["panels"]
    assert [(part["adapter"], part["groups"]["all"]["mean"]) for part in panel["measured"]] == [
        ("none", pytest.approx(3.1)),
        ("ap", pytest.approx(2.25)),
        ("rap", pytest.approx(2.45)),
    ]
    text = "\n".join(panel["text"])
    assert "rap less ap: +0.200 (n = 1 seed; 95 % interval over 3 videos" in text
    assert "rap, seed 1: mean 2.45, 0.245 of the distance of two different tubes; micro AUROC 90.0 %" in text


def test_a_run_without_the_distance_is_refused() -> None:
    content = {key: value for key, value in RAP.items() if key != "feature_distance"}
    with pytest.raises(ConfigError, match=r"result.json: has no feature distance; run `syrfa test` with --evaluation"):
        measured_of(opened(content))
    content["feature_distance"] = {"value": None, "reason": "2 tubes are too few"}
    with pytest.raises(ConfigError, match=r"its feature distance could not be measured: 2 tubes are too few"):
        measured_of(opened(content))


def test_adapters_of_ones_own_come_last_and_are_drawn(tmp_path: Path) -> None:
    """An adapter that somebody registered is no error of the figure."""
    runs = []
    for name in ("lora", "another", "rap", "ap"):
        file = tmp_path / name / "result.json"
        file.parent.mkdir()
        file.write_text("{}")
        runs.append(opened(result(name, 1, (1.0, 3.0, 2.5)), file))
    (panel,) = arrange([part for run in runs for part in measured_of(run)]).values()
    assert [part.adapter for part in panel] == ["none", "ap", "rap", "another", "lora"]
    *_, numbers = plot_fig4(tmp_path / "fig4.png", runs)
    pairs = [(pair["of"], pair["less"]) for pair in json.loads(numbers.read_text())["panels"][0]["differences"]]
    assert pairs[3:5] == [("lora", "none"), ("rap", "ap")]
