"""Networks: pure torch, no training logic."""

from syrfa.models.adapters import (
    Adapter,
    AdaptiveParameters,
    ResidualAdditionalParameters,
    adapter_movement,
    build_adapters,
    register_adapter,
)
from syrfa.models.extractor import ConvBlock, Extractor, Neck
from syrfa.models.heads import Classifier, ConsistencyHead, DomainClassifier, GradientReversal, TemporalHead
from syrfa.models.jigsaw import JigsawNetwork, PuzzleHead
from syrfa.models.norm import InstanceNorm, Trace
from syrfa.models.streams import StreamDraw, StyleRing, TwoStreamExtractor
from syrfa.models.style import JointBatch, StyleAugmentation, StyleDraw

__all__ = [
    "Adapter",
    "AdaptiveParameters",
    "Classifier",
    "ConsistencyHead",
    "ConvBlock",
    "DomainClassifier",
    "Extractor",
    "GradientReversal",
    "InstanceNorm",
    "JigsawNetwork",
    "JointBatch",
    "Neck",
    "PuzzleHead",
    "ResidualAdditionalParameters",
    "StreamDraw",
    "StyleAugmentation",
    "StyleDraw",
    "StyleRing",
    "TemporalHead",
    "Trace",
    "TwoStreamExtractor",
    "adapter_movement",
    "build_adapters",
    "register_adapter",
]
