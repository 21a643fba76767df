"""Frames from disk, in order: folders of images and video files."""

from syrfa.video.image import IMAGE_SUFFIXES, read_image, read_mask
from syrfa.video.reader import (
    VIDEO_SUFFIXES,
    ImageFolder,
    VideoFile,
    VideoReader,
    frame_count,
    list_images,
    open_video,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "ImageFolder",
    "VideoFile",
    "VideoReader",
    "frame_count",
    "list_images",
    "open_video",
    "read_image",
    "read_mask",
]
