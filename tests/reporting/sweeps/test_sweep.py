"""What a sweep file may hold, what is refused in one line, and which points a sweep has."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_run import EXPERIMENTS, ROOT

from syrfa.errors import ConfigError
from syrfa.reporting.sweep import expand, read_sweep

GOOD = {
    "method": "grid",
    "program": "syrfa",
    "command": ["${env}", "${interpreter}", "-m", "${program}", "fit", "${args}"],
    "metric": {"name": "val/micro_auroc", "goal": "maximize"},
    "parameters": {"a": {"values": [1, 2.5, "x", True, None]}, "b": {"value": 3}},
}


TABLE4 = {  # (cls, cont, aux), as the paper numbers its experiments
    *((1, 1, 1), (1, 0.1, 1), (1, 0.01, 1), (1, 1, 0.1), (1, 1, 0.01), (1, 1, 0.05)),
    *((1, 0.01, 0.05), (1, 0.1, 0.05), (1, 0.5, 0.05)),
}
SHIPPED = sorted(path for path in (EXPERIMENTS / "sweeps").glob("*.yaml") if path.name != "point.yaml")


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "some.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}, sort_keys=False))
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    sweep = read_sweep(write(tmp_path))
    assert (sweep.name, sweep.method, sweep.run_cap) == ("some", "grid", None)
    assert sweep.metric == {"name": "val/micro_auroc", "goal": "maximize"}
    assert sweep.parameters == {"a": [1, 2.5, "x", True, None], "b": [3]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "bayes"}, "method=bayes"),
        ({"early_terminate": {"type": "hyperband"}}, "early_terminate: "),
        ({"parameters": {}}, "parameters: name at least one"),
        ({"parameters": {"a": {"parameters": {"b": {"value": 1}}}}}, "parameters.a.parameters: "),
        ({"parameters": {"a": {"values": []}}}, "parameters.a.values: "),
        ({"parameters": {"a": {"values": [[1]]}}}, "parameters.a: .* no plain value"),
        ({"parameters": {"a": {"min": 0, "max": 1}}}, "a grid takes `values` or `value`"),
        ({"parameters": {"a": 3}}, "parameters.a: "),
        ({"method": "random"}, "run_cap: "),
        ({"run_cap": 0}, "run_cap=0"),
        ({"command": ["python", "train.py"]}, "name the verb in the list"),
        ({"program": None}, "program: the command names it"),
        ({"name": "../up"}, "it names a folder"),
        ({"metric": {"goal": "maximize"}}, "metric: give it a `name`"),
        ({"metric": {"name": "x", "goal": "up"}}, "metric.goal=up"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_file_and_the_key(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(ConfigError, match=said) as error:
        read_sweep(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ({"distribution": "normal", "min": 0, "max": 1}, "parameters.a.distribution: "),
        ({"min": 0, "max": 1.5}, "cannot be drawn .* two integers or two floats"),
        ({"min": 2.0, "max": 1.0}, "cannot be drawn"),
    ],
)
def test_a_range_that_cannot_be_drawn_is_refused(tmp_path: Path, parameter: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_sweep(write(tmp_path, method="random", run_cap=3, parameters={"a": parameter}))


def test_draws_keep_to_their_range_and_kind(tmp_path: Path) -> None:
    parameters = {"whole": {"min": 1, "max": 3}, "real": {"min": 0.0, "max": 1.0}, "listed": {"values": ["a", "b"]}}
    points = expand(read_sweep(write(tmp_path, method="random", run_cap=100, parameters=parameters)))
    assert {point.parameters["whole"] for point in points} == {1, 2, 3}
    assert {point.parameters["listed"] for point in points} == {"a", "b"}
    reals = [point.parameters["real"] for point in points]
    assert all(isinstance(real, float) and 0 <= real <= 1 for real in reals)
    assert len(set(reals)) == 100


def test_a_grid_is_the_product(tmp_path: Path) -> None:
    grid = {"a": {"values": [1, 2]}, "b": {"values": ["x", "y", "z"]}}
    points = expand(read_sweep(write(tmp_path, parameters=grid)))
    expected = [(a, b) for a in (1, 2) for b in "xyz"]
    assert [(point.parameters["a"], point.parameters["b"]) for point in points] == expected
    assert points[0].command == ["/usr/bin/env", sys.executable, "-m", "syrfa", "fit", "--a=1", "--b=x"]
    assert len({point.id for point in points}) == 6
    two = expand(read_sweep(write(tmp_path, parameters=grid, run_cap=2)))
    assert [point.id for point in two] == [point.id for point in points[:2]]


def test_a_random_search_repeats_and_grows(tmp_path: Path) -> None:
    def points(cap: int, seed: int = 0) -> list[float]:
        path = write(tmp_path, method="random", run_cap=cap, parameters={"a": {"min": 0.0, "max": 1.0}})
        return [float(str(point.parameters["a"])) for point in expand(read_sweep(path), seed)]

    assert points(3) == points(3) == points(5)[:3]
    assert points(3) != points(3, seed=1)


def test_equal_points_are_run_once(tmp_path: Path) -> None:
    path = write(tmp_path, method="random", run_cap=50, parameters={"a": {"values": [1, 2]}})
    assert len(expand(read_sweep(path))) == 2


def test_a_changed_config_makes_other_points(tmp_path: Path) -> None:
    config = tmp_path / "experiment.yaml"
    config.write_text("seed_everything: 1\n")
    command = ["${interpreter}", "-m", "syrfa", "fit", "--config", str(config), "${args}"]
    path = write(tmp_path, command=command)
    before = [point.id for point in expand(read_sweep(path))]
    assert [point.id for point in expand(read_sweep(path))] == before
    config.write_text("seed_everything: 2\n")
    assert not set(before) & {point.id for point in expand(read_sweep(path))}
    config.unlink()
    with pytest.raises(ConfigError, match="there is no such config file"):
        expand(read_sweep(path))


def test_checkpoints_are_found_in_arguments_and_configs(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.ckpt", "b.ckpt", "c.pth", "absent.ckpt")]
    for name in names[:3]:
        Path(name).write_text(name)
    config = tmp_path / "experiment.yaml"
    config.write_text(yaml.safe_dump({"model": {"init_args": {"members": names[1:3]}}, "note": "ckpt"}))
    command = ["${interpreter}", "-m", "syrfa", "fit", "--config", str(config), f"--model.x={names[0]}", "${args}"]
    path = write(tmp_path, command=[*command, "--y", f"[{names[3]}]"])
    before = expand(read_sweep(path))
    assert sorted(before[0].checkpoints) == sorted(names)
    assert [name for name, digest in before[0].checkpoints.items() if digest is None] == [names[3]]
    for changed in names:
        ids = {point.id for point in expand(read_sweep(path))}
        Path(changed).write_text("other")
        assert not ids & {point.id for point in expand(read_sweep(path))}


def test_a_macro_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\$\{args_json_file\}"):
        expand(read_sweep(write(tmp_path, command=["syrfa", "fit", "${args_json_file}"])))


def test_the_lambdas_hold_the_papers_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    points = expand(read_sweep(EXPERIMENTS / "sweeps" / "lambda.yaml"))
    names = [f"model.init_args.lambda_{name}" for name in ("cls", "cont", "aux")]
    triples = {tuple(point.parameters[name] for name in names) for point in points}
    assert len(triples) == len(points) == 16
    assert triples > TABLE4


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_shipped_sweep_is_chosen_by_the_test_split(path: Path) -> None:
    metric = read_sweep(path).metric
    assert metric is not None
    assert metric["name"].startswith("val/")


@pytest.mark.usefixtures("data_environment")
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_first_point_of_a_shipped_sweep_runs(
    path: Path, knowledge_ckpt: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from syrfa.__main__ import main

    monkeypatch.chdir(ROOT)
    command = list(expand(read_sweep(path))[0].command)
    quick = ["--trainer.fast_dev_run=true", "--trainer.accelerator=cpu", "--data.prepare_workers=1"]
    if "adapt" in path.stem:
        quick.append(f"--model.init_args.knowledge_ckpt={knowledge_ckpt}")
    quick += ["--data.batch_size=2", "--data.steps_per_epoch=1", f"--run.root={tmp_path}"]
    assert main([*command[command.index("fit") :], *quick]) == 0
