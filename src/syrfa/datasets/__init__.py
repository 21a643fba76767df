"""Released data sets in their own layouts, and footage of one's own."""

from syrfa.datasets.avenue import Avenue
from syrfa.datasets.base import Track, Video, VideoDataset, VideoRecord
from syrfa.datasets.folder import VideoFolder
from syrfa.datasets.regions import Regions
from syrfa.datasets.shanghaitech import ShanghaiTech
from syrfa.datasets.ubnormal import UBnormal
from syrfa.datasets.ucsd import UCSDPed1, UCSDPed2

__all__ = [
    "Avenue",
    "Regions",
    "ShanghaiTech",
    "Track",
    "UBnormal",
    "UCSDPed1",
    "UCSDPed2",
    "Video",
    "VideoDataset",
    "VideoFolder",
    "VideoRecord",
]
