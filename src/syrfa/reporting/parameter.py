"""One parameter of a sweep: which values it takes, by W&B's rules."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from syrfa.errors import ConfigError

Value = str | int | float | bool | None
_DRAWN = ("int_uniform", "uniform", "log_uniform_values")


@dataclass(frozen=True)
class Parameter:
    """A list of values, or a range.

    Attributes:
        values: what it may be; empty for a range.
        probabilities: of the values, for a random search; None for equal ones.
        distribution: of a range.
        low: the range's smallest value.
        high: its largest; an `int_uniform` may take it, the others come as near as floats do.
    """

    values: tuple[Value, ...] = ()
    probabilities: tuple[float, ...] | None = None
    distribution: str = "categorical"
    low: float = 0.0
    high: float = 0.0

    def draw(self, rng: np.random.Generator) -> Value:
        """One value for a random search."""
        if self.values:
            return self.values[int(rng.choice(len(self.values), p=self.probabilities))]
        if self.distribution == "int_uniform":
            return int(rng.integers(int(self.low), int(self.high), endpoint=True))
        if self.distribution == "uniform":
            return float(rng.uniform(self.low, self.high))
        return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))


def read_parameter(name: str, content: Any, method: str) -> Parameter:  # noqa: ANN401 - whatever stands in the file
    """A parameter as a sweep file describes it.

    Args:
        name: for messages.
        content: its mapping in the file: `value`, `values` with `probabilities`, or `min` and `max` with a
            `distribution`, which is `int_uniform` for two integers and `uniform` for two floats when not given.
        method: grid or random.

    Raises:
        ConfigError: it is malformed, or takes W&B's server.
    """
    place = f"parameters.{name}"
    if not isinstance(content, dict):
        raise ConfigError(f"{place}: give it `values: [...]` or `value: ...`")
    known = {"value", "values", "probabilities", "min", "max", "distribution"}
    for key in content.keys() - known:
        raise ConfigError(f"{place}.{key}: `syrfa sweep` does not know it; it knows {', '.join(sorted(known))}")
    distribution = content.get("distribution")
    if "value" in content:
        _expect(place, distribution, ("constant",))
        return Parameter((_plain(place, content["value"]),))
    if "values" in content:
        _expect(place, distribution, ("categorical",))
        values = content["values"]
        if not isinstance(values, list) or not values:
            raise ConfigError(f"{place}.values: give a list of at least one value")
        return Parameter(tuple(_plain(place, value) for value in values), _probabilities(place, content, method))
    if method == "grid":
        raise ConfigError(f"{place}: a grid takes `values` or `value`; a range takes method: random")
    return _range(place, content, distribution)


def _range(place: str, content: dict[str, Any], distribution: str | None) -> Parameter:
    low, high = content.get("min"), content.get("max")
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise ConfigError(f"{place}: give it `values`, `value`, or numbers as `min` and `max`")
    assert low is not None
    assert high is not None
    kinds = {type(low), type(high)}
    if distribution is None and len(kinds) == 2:
        raise ConfigError(f"{place}: min={low} and max={high} are an integer and a float; write both alike")
    drawn = distribution or ("int_uniform" if kinds == {int} else "uniform")
    _expect(place, drawn, _DRAWN)
    if not low < high or (drawn == "log_uniform_values" and low <= 0) or (drawn == "int_uniform" and kinds != {int}):
        raise ConfigError(f"{place}: {drawn} cannot be drawn from min={low} to max={high}")
    return Parameter(distribution=drawn, low=low, high=high)


def _probabilities(place: str, content: dict[str, Any], method: str) -> tuple[float, ...] | None:
    shares = content.get("probabilities")
    if shares is None:
        return None
    if method == "grid":
        raise ConfigError(f"{place}.probabilities: a grid takes every value once; they are for method: random")
    numbers = isinstance(shares, list) and all(isinstance(share, int | float) and share >= 0 for share in shares)
    if not numbers or len(shares) != len(content["values"]) or not math.isclose(sum(shares), 1, abs_tol=1e-8):
        raise ConfigError(f"{place}.probabilities: give one for each value, together 1")
    return tuple(float(share) for share in shares)


def _expect(place: str, distribution: str | None, allowed: tuple[str, ...]) -> None:
    if distribution is not None and distribution not in allowed:
        raise ConfigError(f"{place}.distribution={distribution}: `syrfa sweep` knows here {', '.join(allowed)}")


def _plain(place: str, value: Any) -> Value:  # noqa: ANN401 - whatever stands in the file
    if value is None or isinstance(value, str | int | float):
        return value
    raise ConfigError(f"{place}: {value} is no plain value; an argument cannot hold it")
