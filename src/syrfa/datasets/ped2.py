"""UCSD Ped2, a pedestrian walkway seen by a fixed camera from the side."""

from typing import ClassVar

from syrfa.datasets.polarity import Published
from syrfa.datasets.ucsd import UCSD


class UCSDPed2(UCSD):
    """UCSD Ped2: 16 normal training videos (2,550 frames), 12 test videos (2,010 frames, 1,648 of them abnormal).

    Frames are grey, 360x240; the release states no frame rate (10 a second is quoted, its walkers move as at 27).
    Bicycles, carts and skateboards are abnormal.

    ```
    <root>/UCSDped2/                          <root>/
      Train/Train001/001.tif ...                training/frames/01/000.jpg ...
      Test/Test001/001.tif ...                  testing/frames/01/000.jpg ...
      Test/Test001_gt/001.bmp ...               ped2.mat
      Test/UCSDped2.m
    ```

    Left the release, right the repack that circulates; `root` may be `UCSDped2` itself, or hold `UCSDped2`,
    `UCSD_Anomaly_Dataset.v1p2/UCSDped2` or `ped2`. In the repack the folder `frames` may be left out, videos may keep
    their names of the release, and frames may count from 0 or from 1. Masks are images (.bmp, .png and others that the
    frames may be), `.npy` or `.mat` files, beside the video (`Test001_gt`) or in `test_pixel_mask`, `pixel_masks`,
    `masks`, `gt` or `ground_truth`.

    Labels, first match wins: `UCSDped2.m` (release) or `ped2.mat` (repack), both with 1-based inclusive intervals in
    the order of the test videos, the script read as text and never executed; `frame_labels_ped2.npy`, all test frames
    in turn, whose published sum tells which way round it is; masks, where every test video has them.

    Licence: none stated; research use. Cite: Mahadevan et al., "Anomaly Detection in Crowded Scenes", CVPR 2010.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in `frame_labels_ped2.npy`, where its sum is not the published one either way round.
    """

    name: ClassVar[str] = "ped2"
    released: ClassVar[dict[str, int]] = {"train": 16, "test": 12}
    number: ClassVar[int] = 2
    published: ClassVar[Published] = Published(2_010, (1_648,))
