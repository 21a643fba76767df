"""Callbacks: when to score, what to write, where a run came from."""

from syrfa.callbacks.frame_auc import FrameAUC
from syrfa.callbacks.provenance import Provenance
from syrfa.callbacks.score_writer import ScoreWriter
from syrfa.callbacks.termination import Termination

__all__ = ["FrameAUC", "Provenance", "ScoreWriter", "Termination"]
