"""Boxes to tubes, and tubes to batches. `syrfa.tubes.datamodule` holds the DataModule (it imports lightning)."""

from syrfa.tubes.build import build_cache
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.crop import crop_tubes
from syrfa.tubes.index import TubeIndex, VideoInfo
from syrfa.tubes.spec import TubeFilter, TubeSpec

__all__ = ["TubeCache", "TubeFilter", "TubeIndex", "TubeSpec", "VideoInfo", "build_cache", "crop_tubes"]
