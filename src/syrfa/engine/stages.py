"""Moved to `syrfa.engine.base`."""

from syrfa.engine.base import StepTimer as StageTimer

__all__ = ["StageTimer"]
