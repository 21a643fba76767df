"""UBnormal, the synthetic source of the paper."""

import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import Track, VideoDataset, VideoRecord, sizes
from syrfa.datasets.images import read_mask
from syrfa.datasets.labels import read_text, read_vector
from syrfa.datasets.regions import FROM_IDS, MIN_AREA, NOTHING, Regions, box_of
from syrfa.errors import DataNotFoundError, LabelError
from syrfa.utils.files import sha256_file

_LISTS = {"train": "training", "validation": "validation", "test": "test"}
_NPY_MAGIC = b"\x93NUMPY"
_TREE = "expected <root>/scripts/*_video_names.txt and <root>/Scene1/abnormal_scene_1_scenario_1.mp4"


class UBnormal(VideoDataset):
    """UBnormal as released: 29 rendered scenes, 543 videos, 236,902 frames of 30 a second.

    ```
    <root>/
      scripts/normal_training_video_names.txt      and abnormal_..., ..._validation_..., ..._test_...
      Scene1/abnormal_scene_1_scenario_1.mp4
      Scene1/abnormal_scene_1_scenario_1_annotations/
        abnormal_scene_1_scenario_1_0000_gt.png    pixel = object id, 0 = background (looks black); 0-based
        abnormal_scene_1_scenario_1_tracks.txt     lines object_id,first_frame,last_frame; 0-based, inclusive
    ```

    The scenes or all videos may also lie in `<root>/videos`, the tracks next to the video or in `<root>/gt`;
    `..._new_tracks.txt`, the corrected version, goes
    first. The files named `..._tracks.txt` that circulate for the test split are no text but `.npy` vectors, one number
    a frame with **1 = normal**; they are recognised by their first bytes and inverted. They name no object, so such
    a video has frame labels but no tracks.

    Train: 186 normal and 82 abnormal videos; validation: 26 and 38; test: 53 and 158.

    Licence: CC BY-NC-ND 4.0 (the frame vectors: CC BY-NC 4.0). Cite: Acsintoae et al., "UBnormal: New Benchmark for
    Supervised Open-Set Video Anomaly Detection", CVPR 2022.

    Args:
        root: the folder with `scripts` and `Scene1` to `Scene29`.
        split: the split that indexing gives.
    """

    name: ClassVar[str] = "ubnormal"
    splits: ClassVar[tuple[str, ...]] = tuple(_LISTS)
    released: ClassVar[dict[str, int]] = {"train": 268, "validation": 64, "test": 211}
    released_fps: ClassVar[float | None] = 30.0
    region_truth: ClassVar[str] = FROM_IDS

    def videos(self, split: str) -> list[VideoRecord]:
        """The videos that the two lists of the split name, sorted by name."""
        records = [self._record(name, split) for name in self._names(split)]
        missing = [record.path for record in records if not record.path.is_file()]
        if missing:
            raise DataNotFoundError(
                f"{missing[0]}: missing, with {len(missing)} of {len(records)} videos of split {split}; {_TREE}, "
                "or the scenes or all videos in <root>/videos"
            )
        return records

    def listed_videos(self, split: str) -> list[VideoRecord]:
        """The listed videos that are there, for a copy that is not whole; empty where a list is missing."""
        try:
            records = [self._record(name, split) for name in self._names(split)]
        except DataNotFoundError:
            return []
        return [record for record in records if record.path.is_file()]

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8]:
        """As the base class; every split is labelled. A frame is abnormal when any track covers it."""
        labels = np.zeros(len(self._mask_files(record)) or record.length(), np.uint8)
        file = self._tracks_file(record)
        if file is None:
            return labels
        if _is_vector(file):
            return _vector_labels(file, record, len(labels))
        for track in self.tracks(record):
            if track.end >= len(labels):
                raise LabelError(
                    f"{file}: object {track.object_id} ends in frame {track.end}, the video has {len(labels)} frames"
                )
            labels[track.start : track.end + 1] = 1
        return labels

    def tracks(self, record: VideoRecord) -> list[Track]:
        """As the base class; also empty where a vector of frame labels replaces the tracks."""
        file = self._tracks_file(record)
        return [] if file is None or _is_vector(file) else _read_tracks(file)

    def id_mask(self, record: VideoRecord, frame: int) -> NDArray[np.int32] | None:
        """Object ids of one frame from `{video}_{frame:04d}_gt.png`; None where there is no such file."""
        if record.annotations is None:
            return None
        file = record.annotations / f"{record.name}_{frame:04d}_gt.png"
        return read_mask(file) if file.is_file() else None

    def regions(self, record: VideoRecord) -> Regions | None:
        """As the base class: the box of an abnormal object's pixels in every frame of its track that shows it.

        None where an abnormal video has no id masks, or no tracks but a vector. Lines of one object that overlap count
        a frame once.
        """
        tracks = self.tracks(record)
        if not tracks:
            return NOTHING if _is_normal(record) else None
        if record.annotations is None:
            return None
        wanted: dict[int, dict[int, int]] = {}  # frame -> object -> track
        for number, track in enumerate(tracks):
            for frame in range(track.start, track.end + 1):
                wanted.setdefault(frame, {}).setdefault(track.object_id, number)
        rows, sizes = [], set()
        for frame, objects in sorted(wanted.items()):
            mask = self.id_mask(record, frame)
            if mask is None:
                raise LabelError(f"{record.annotations}: no id mask of frame {frame}, which is in a track")
            sizes.add((int(mask.shape[0]), int(mask.shape[1])))
            for object_id, number in objects.items():
                pixels = mask == object_id
                box = box_of(pixels)
                if box is not None and np.count_nonzero(pixels) >= MIN_AREA:
                    rows.append((frame, number, box))
        if len(sizes) > 1:
            raise LabelError(f"{record.annotations}: its masks differ in size: {sorted(sizes)}")
        return Regions.of(rows, sizes.pop())

    def videos_manifest(self, split: str) -> dict[str, Any]:
        """As the base class, and the id masks, which a detector can make boxes of."""
        places = {record.name: [record.path, *self._mask_files(record)] for record in self.videos(split)}
        return {"dataset": self.name, "split": split, "videos": sizes(places)}

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """The SHA-256 of every tracks file, which may lie outside the annotations."""
        files = {record.name: self._tracks_file(record) for record in self.videos(split)}
        return {"labels": {name: sha256_file(file) for name, file in files.items() if file is not None}}

    def describe_layout(self) -> str:
        """As the base class; tells of every split that is there."""
        videos: list[VideoRecord] = []
        lines = []
        for split in self.splits:
            try:
                found = self.videos(split)
            except DataNotFoundError as error:
                lines.append(f"{split}: {error}")
                continue
            videos += found
            lines.append(f"{split}: {len(found)} of {self.released[split]} videos, first {found[0].path}")
        if not videos:
            raise DataNotFoundError(lines[0])
        files = [file for record in videos for file in [self._labels_or_none(record)] if file is not None]
        vectors = [file for file in files if _is_vector(file)]
        corrected = sum(file.name.endswith("_new_tracks.txt") for file in files)
        lacking = sum(not _is_normal(r) and self._labels_or_none(r) is None for r in videos)
        masked = sum(record.annotations is not None for record in videos)
        return (
            f"layout: {'; '.join(lines)}\n"
            f"labels: {len(files) - len(vectors)} files of tracks ({corrected} of them corrected, _new_tracks.txt), "
            f"{len(vectors)} vectors under that name; {lacking} abnormal videos have neither\n"
            "polarity: tracks name abnormal objects; in a vector 1 = normal, so it is inverted, and compared with the "
            f"video's name\npixel masks: object ids of {masked} of {len(videos)} videos"
        )

    def _labels_or_none(self, record: VideoRecord) -> Path | None:
        try:
            return self._tracks_file(record)
        except DataNotFoundError:
            return None

    def _names(self, split: str) -> list[str]:
        self.check_split(split)
        names: list[str] = []
        for kind in ("normal", "abnormal"):
            file = self.root / "scripts" / f"{kind}_{_LISTS[split]}_video_names.txt"
            if not file.is_file():
                raise DataNotFoundError(f"{file}: the list of videos is missing; {_TREE}")
            names += [line.strip() for line in read_text(file).splitlines() if line.strip()]
        if not names:
            raise DataNotFoundError(f"{self.root / 'scripts'}: the lists of split {split} name no video; {_TREE}")
        return sorted(names)

    def _record(self, name: str, split: str) -> VideoRecord:
        scene = re.search(r"scene_(\d{1,4})", name)
        if scene is None or not re.fullmatch(r"[A-Za-z0-9_.-]{1,120}", name):
            raise DataNotFoundError(
                f"{self.root / 'scripts'}: {name[:120]!r} in split {split} is not the name of a video"
            )
        folders = (f"Scene{scene[1]}", f"videos/Scene{scene[1]}", "videos")
        places = [self.root / folder / f"{name}.mp4" for folder in folders]
        path = next((file for file in places if file.is_file()), places[0])
        annotations = path.with_name(f"{name}_annotations")
        return VideoRecord(name, path, split, annotations if annotations.is_dir() else None)

    def _mask_files(self, record: VideoRecord) -> list[Path]:
        return list(record.annotations.glob(f"{record.name}_*_gt.png")) if record.annotations else []

    def _tracks_file(self, record: VideoRecord) -> Path | None:
        folders = [record.annotations, record.path.parent, self.root / "gt"]
        for ending in ("new_tracks.txt", "tracks.txt"):
            for folder in folders:
                if folder is not None and (file := folder / f"{record.name}_{ending}").is_file():
                    return file
        if _is_normal(record):
            return None
        raise DataNotFoundError(
            f"{record.path.parent / record.name}_tracks.txt: missing; an abnormal video needs its tracks"
        )


def _is_normal(record: VideoRecord) -> bool:
    return record.name.startswith("normal")


def _is_vector(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_NPY_MAGIC)) == _NPY_MAGIC


def _vector_labels(file: Path, record: VideoRecord, frames: int) -> NDArray[np.uint8]:
    """Inverts a vector with 1 = normal; a normal video tells whether it really is that way round."""
    vector = read_vector(file, frames)
    labels: NDArray[np.uint8] = (vector == 0).astype(np.uint8)
    if bool(labels.any()) == _is_normal(record):
        raise LabelError(f"{file}: contradicts the video's name when 1 = normal; is the vector inverted already?")
    return labels


def _read_tracks(file: Path) -> list[Track]:
    lines = read_text(file).splitlines()
    tracks = [_parse_track(file, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not tracks:
        raise LabelError(f"{file}: no track; expected lines object_id,first_frame,last_frame")
    return tracks


def _parse_track(file: Path, number: int, line: str) -> Track:
    """Some released files write whole numbers as 2.000000000000000000e+00."""
    said = f"{file}: line {number} is {line[:40]!r}"
    try:
        object_id, start, end = (float(part) for part in line.split(","))
    except ValueError as error:
        raise LabelError(f"{said}, expected object_id,first_frame,last_frame") from error
    if not all(value.is_integer() for value in (object_id, start, end)):  # neither is NaN nor infinity
        raise LabelError(f"{said}, expected object_id,first_frame,last_frame")
    if object_id < 1 or start < 0 or end < start or max(object_id, end) >= 2**31:
        raise LabelError(f"{said}; ids start at 1, frames at 0, and last >= first")
    return Track(int(object_id), int(start), int(end))
