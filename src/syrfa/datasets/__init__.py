"""Released data sets in their own layouts."""

from syrfa.datasets.base import Track, VideoDataset, VideoRecord
from syrfa.datasets.ped1 import UCSDPed1
from syrfa.datasets.ped2 import UCSDPed2
from syrfa.datasets.shanghaitech import ShanghaiTech
from syrfa.datasets.ubnormal import UBnormal

__all__ = ["ShanghaiTech", "Track", "UBnormal", "UCSDPed1", "UCSDPed2", "VideoDataset", "VideoRecord"]
