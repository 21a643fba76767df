"""A measured number with what is needed to read it: its interval, its chance level, or why it is undefined."""

from typing import Any, NamedTuple


class MetricValue(NamedTuple):
    """One metric of one split. A fraction in [0, 1], never a percentage.

    A tuple, not a dataclass: torchmetrics walks through what `compute` returns and refuses frozen dataclasses.

    Attributes:
        value: the number; None when it is undefined, and then `reason` says why.
        ci_low: lower end of the bootstrap interval over videos; None when there is none.
        ci_high: upper end.
        chance: what scores that know nothing reach on the same labels.
        reason: why `value` is None.

    Example:
        >>> MetricValue(0.9, chance=0.5).to_json()
        {'value': 0.9, 'ci_low': None, 'ci_high': None, 'chance': 0.5}
        >>> MetricValue.undefined("every frame is normal").to_json()
        {'value': None, 'reason': 'every frame is normal'}
    """

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    chance: float | None = None
    reason: str | None = None

    @classmethod
    def undefined(cls, reason: str) -> "MetricValue":
        """A metric that these labels do not define."""
        return cls(None, reason=reason)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a run's result.json."""
        if self.value is None:
            return {"value": None, "reason": self.reason}
        return {"value": self.value, "ci_low": self.ci_low, "ci_high": self.ci_high, "chance": self.chance}
