"""What a sweep file may hold, and what is refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from syrfa.errors import ConfigError
from syrfa.reporting.sweep import Metric, read_sweep

GOOD = {
    "method": "grid",
    "program": "syrfa",
    "command": ["${env}", "${interpreter}", "-m", "${program}", "fit", "${args}"],
    "metric": {"name": "val/micro_auroc", "goal": "maximize"},
    "parameters": {"a": {"values": [1, 2.5, "x", True, None]}, "b": {"value": 3}},
}


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "some.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    sweep = read_sweep(write(tmp_path))
    assert (sweep.name, sweep.method, sweep.run_cap) == ("some", "grid", None)
    assert sweep.metric == Metric("val/micro_auroc", "maximize")
    assert sweep.parameters["a"].values == (1, 2.5, "x", True, None)
    assert sweep.parameters["b"].values == (3,)


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
        ({"distribution": "normal", "mu": 0, "sigma": 1}, "parameters.a.(mu|sigma): "),
        ({"distribution": "q_uniform", "min": 0.0, "max": 1.0}, "distribution=q_uniform"),
        ({"min": 0, "max": 1.5}, "write both alike"),
        ({"min": 2.0, "max": 1.0}, "cannot be drawn"),
        ({"min": 0.0, "max": 1.0, "distribution": "log_uniform_values"}, "cannot be drawn"),
        ({"min": 0.5, "max": 1.5, "distribution": "int_uniform"}, "cannot be drawn"),
        ({"values": [1, 2], "probabilities": [0.5]}, "one for each value"),
        ({"values": [1, 2], "probabilities": [0.5, 0.6]}, "together 1"),
    ],
)
def test_a_range_that_cannot_be_drawn_is_refused(tmp_path: Path, parameter: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_sweep(write(tmp_path, method="random", run_cap=3, parameters={"a": parameter}))


def test_draws_keep_to_their_range_and_kind(tmp_path: Path) -> None:
    parameters = {
        "whole": {"min": 1, "max": 3},
        "real": {"min": 0.0, "max": 1.0},
        "log": {"min": 1e-6, "max": 1e-2, "distribution": "log_uniform_values"},
        "listed": {"values": ["a", "b"], "probabilities": [1.0, 0.0]},
    }
    sweep = read_sweep(write(tmp_path, method="random", run_cap=1, parameters=parameters))
    rng = np.random.default_rng(0)
    draws = [{name: parameter.draw(rng) for name, parameter in sweep.parameters.items()} for _ in range(500)]
    assert {draw["whole"] for draw in draws} == {1, 2, 3}
    assert all(isinstance(draw["real"], float) and 0 <= draw["real"] <= 1 for draw in draws)
    assert {draw["listed"] for draw in draws} == {"a"}
    decades = np.histogram(np.log10([float(draw["log"]) for draw in draws]), bins=[-6, -5, -4, -3, -2])[0]
    assert decades.sum() == 500
    assert decades.min() > 90  # each decade is as likely as another: 125 of 500
