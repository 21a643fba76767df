"""Synthetic-to-real video anomaly detection (SYRFA, IEEE Access 2024)."""

import os

__version__ = "0.1.0"

# read once, when OpenCV is loaded: a damaged header must not reserve the 3 GB of a picture of 2^30 pixels
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))
