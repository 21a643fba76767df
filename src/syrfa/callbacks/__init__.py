"""Callbacks: when to score, what to write, where a run came from."""

from syrfa.callbacks.exact_resume import ExactResume
from syrfa.callbacks.frame_auc import FrameAUC
from syrfa.callbacks.last_checkpoint import LastCheckpoint
from syrfa.callbacks.provenance import Provenance
from syrfa.callbacks.recipe import RecipeKeeper
from syrfa.callbacks.score_writer import ScoreWriter
from syrfa.callbacks.wandb_record import WandbRecord

__all__ = ["ExactResume", "FrameAUC", "LastCheckpoint", "Provenance", "RecipeKeeper", "ScoreWriter", "WandbRecord"]
