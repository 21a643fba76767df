"""The LightningModules, one a stage or comparison: they wire models, losses and optimisers, and hold no mathematics of their own."""

from syrfa.modules.base import AnomalyModule
from syrfa.modules.interleaved import InterleavedModule
from syrfa.modules.real_adapt import RealAdaptModule
from syrfa.modules.synth_knowledge import SynthKnowledgeModule

__all__ = ["AnomalyModule", "InterleavedModule", "RealAdaptModule", "SynthKnowledgeModule"]
