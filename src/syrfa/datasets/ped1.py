"""UCSD Ped1, a pedestrian walkway seen by a fixed camera along its length."""

from typing import ClassVar

from syrfa.datasets.polarity import Published
from syrfa.datasets.ucsd import UCSD


class UCSDPed1(UCSD):
    """UCSD Ped1: 34 normal training videos (6,800 frames), 36 test videos (7,200 frames), 200 frames each.

    Frames are grey, 238x158. Bicycles, carts and skateboards are abnormal. The release has masks of 10 test videos.

    ```
    <root>/UCSDped1/                          <root>/
      Train/Train001/001.tif ...                training/frames/01/000.jpg ...
      Test/Test001/001.tif ...                  testing/frames/01/000.jpg ...
      Test/Test003_gt/001.bmp ...               ped1.mat
      Test/UCSDped1.m
    ```

    Everything else is as in `UCSDPed2`, with 1 in place of 2. The number of abnormal frames is not compared: a
    `frame_labels_ped1.npy` needs `one_means`.

    Licence: none stated; research use. Cite: Mahadevan et al., "Anomaly Detection in Crowded Scenes", CVPR 2010.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in `frame_labels_ped1.npy`.
    """

    name: ClassVar[str] = "ped1"
    released: ClassVar[dict[str, int]] = {"train": 34, "test": 36}
    number: ClassVar[int] = 1
    published: ClassVar[Published] = Published(7_200, ())
