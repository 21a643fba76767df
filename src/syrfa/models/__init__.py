"""Networks: pure torch, no training logic."""

from syrfa.models.adapters import (
    AdapterName,
    AdaptiveParameters,
    ResidualAdditionalParameters,
    adapter_movement,
    build_adapters,
)
from syrfa.models.extractor import ConvBlock, Extractor, Neck
from syrfa.models.gradient_reversal import GradientReversal
from syrfa.models.heads import Classifier, ConsistencyHead, DomainClassifier, TemporalHead
from syrfa.models.jigsaw import JigsawNetwork, PuzzleHead
from syrfa.models.joint import JointBatch
from syrfa.models.streams import StreamDraw, TwoStreamExtractor
from syrfa.models.style import StyleAugmentation, StyleDraw

__all__ = [
    "AdapterName",
    "AdaptiveParameters",
    "Classifier",
    "ConsistencyHead",
    "ConvBlock",
    "DomainClassifier",
    "Extractor",
    "GradientReversal",
    "JigsawNetwork",
    "JointBatch",
    "Neck",
    "PuzzleHead",
    "ResidualAdditionalParameters",
    "StreamDraw",
    "StyleAugmentation",
    "StyleDraw",
    "TemporalHead",
    "TwoStreamExtractor",
    "adapter_movement",
    "build_adapters",
]
