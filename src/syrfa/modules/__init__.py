"""The LightningModules, one a phase or comparison: they wire models, losses and optimisers, and hold no mathematics."""

from syrfa.modules.base import AnomalyModule
from syrfa.modules.checkpoint import load_module
from syrfa.modules.ensemble import EnsembleModule
from syrfa.modules.gradient_reversal import GradientReversalModule
from syrfa.modules.interleaved import InterleavedModule
from syrfa.modules.jigsaw import JigsawModule
from syrfa.modules.real_adapt import RealAdaptModule
from syrfa.modules.synth_knowledge import SynthKnowledgeModule

__all__ = [
    "AnomalyModule",
    "EnsembleModule",
    "GradientReversalModule",
    "InterleavedModule",
    "JigsawModule",
    "RealAdaptModule",
    "SynthKnowledgeModule",
    "load_module",
]
