"""Reading a tube cache; one that is unfinished, of another version or damaged is refused with the reason.

`<root>/<dataset>-<split>-<key>/` holds the tubes of each video, `<video>.npy`, uint8 (n, T, size, size, channels), the
tables `index.npz` and `labels-<hash>.npz`, `manifest.json`, written last, and the build's `job.json` and `parts/`.
"""

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset
from syrfa.detection.base import Detector
from syrfa.errors import CacheError, ConfigError
from syrfa.tubes.index import HEADER, TubeIndex, TubeLabels, VideoInfo, npy_header
from syrfa.tubes.labels import to_labels
from syrfa.tubes.spec import TubeFilter, TubeSpec, filter_boxes
from syrfa.utils.files import sha256_file, sha256_json, unsealed

SCHEMA = 3
MANIFEST = "manifest.json"
INDEX = "index.npz"
KEY_LENGTH = 12
_OPEN_SHARDS = 256  # a mapped file holds a descriptor, and 1,024 is the usual limit of a process

Identity = dict[str, Any]


def cache_identity(dataset: VideoDataset, split: str, detector: Detector, spec: TubeSpec) -> Identity:
    """Everything that decides the tubes of a cache, as JSON; its hash is the cache's key. Labels are no part of it."""
    return {
        "schema": SCHEMA,
        "dataset": dataset.name,
        "split": split,
        "videos": dataset.videos_hash(split),
        "detector": detector.identity(),
        "spec": spec.for_split(split).identity(),
    }


def cache_key(identity: Identity) -> str:
    """The first 12 hexadecimal digits of the identity's SHA-256."""
    return sha256_json(identity)[:KEY_LENGTH]


def cache_folder(root: str | Path, identity: Identity) -> Path:
    """`<root>/<dataset>-<split>-<key>`."""
    return Path(root) / f"{identity['dataset']}-{identity['split']}-{cache_key(identity)}"


def labels_file(folder: Path, labels_hash: str) -> Path:
    """Where a cache keeps what the labels of this hash say."""
    return folder / f"labels-{labels_hash[:KEY_LENGTH]}.npz"


class TubeCache:
    """The tubes of one split. Use `TubeCache.open`. Safe in any number of loader workers, forked or spawned.

    Attributes:
        manifest: the content of manifest.json.
        index: the table of all tubes; row numbers of this table are what the methods take and return.
        video_infos: the videos, in the order of the index.
        channels: of a batch: 3 when any video has colour, else 1.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], index: TubeIndex) -> None:
        self.folder = folder
        self.manifest = manifest
        self.index = index
        self.video_infos = [VideoInfo(**video) for video in manifest["videos"]]
        self.spec = TubeSpec(**manifest["identity"]["spec"])
        self.channels = max((v.channels for v in self.video_infos if v.tubes), default=1)
        self._labels: TubeLabels | None = None
        self._shards: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    @classmethod
    def open(cls, folder: str | Path, verify: bool = False, labels: str | None = None) -> "TubeCache":
        """Opens a finished cache.

        Args:
            folder: of the cache.
            verify: also compare the SHA-256 of every shard. Without it, the manifest and the index are compared whole
                and of every shard its size and header.
            labels: the data set's `labels_hash` of the split; None for a cache that no label is asked of.

        Raises:
            CacheError: it is unfinished, of another schema, not what its key says, or damaged, or has no such labels.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        _check_files(folder, manifest, verify)
        index = TubeIndex.load(folder / INDEX)
        if len(index) != manifest["tubes"]:
            raise _damaged(folder, "index and manifest disagree")
        cache = cls(folder, manifest, index)
        if labels is not None:
            cache.read_labels(labels_file(folder, labels))
        return cache

    def read_labels(self, file: Path) -> None:
        """Takes the labels of a file; CacheError where it is missing, damaged, or of another cache."""
        if not file.is_file():
            raise CacheError(f"{file}: the data set's labels have changed since the last build; run syrfa prepare")
        labels = TubeLabels.load(file)
        lengths = np.diff(labels.label_offset).tolist()
        if len(labels.overlap) != len(self) or lengths != [info.frames for info in self.video_infos]:
            raise CacheError(f"{file}: is of another cache; run syrfa prepare again")
        self._labels = labels

    @property
    def key(self) -> str:
        """The hash of what the cache was made from."""
        return str(self.manifest["key"])

    @property
    def label_table(self) -> TubeLabels:
        """What the data set's labels say of all tubes and frames; CacheError where they were not read."""
        if self._labels is None:
            raise CacheError(f"{self.folder}: open it with labels=dataset.labels_hash(split) to ask for labels")
        return self._labels

    def __len__(self) -> int:
        return len(self.index)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shards": OrderedDict()}  # a map would travel to a worker as a copy of the file

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The tubes, uint8 (n, T, size, size, channels), of rows of the index in any order, repeated or not."""
        size = self.spec.size
        tubes = np.empty((len(rows), self.spec.frames, size, size, self.channels), np.uint8)
        videos, shard_rows = self.index.video[rows], self.index.row[rows]
        for position in np.lexsort((shard_rows, videos)):
            tubes[position] = self._shard(int(videos[position]))[shard_rows[position]]
        return tubes

    def select(self, rule: TubeFilter) -> NDArray[np.int64]:
        """Rows of the index that pass `rule`, ascending; ConfigError where it asks for boxes not in the cache."""
        if rule.min_confidence is not None and rule.min_confidence < self.spec.min_confidence:
            raise ConfigError(
                f"filter.min_confidence={rule.min_confidence} is below the {self.spec.min_confidence} the cache "
                f"{self.folder} was built with; lower spec.min_confidence as well"
            )
        index = self.index
        return filter_boxes(index.video, index.frame, index.xyxy, index.confidence, rule)

    def labels(self, rows: NDArray[np.int64], rule: TubeFilter) -> NDArray[np.int8]:
        """Object labels of `rows`, (n,): 1 abnormal, 0 normal, -1 unknown; see `syrfa.tubes.labels`."""
        return to_labels(self.label_table.overlap[rows], rule.min_overlap)

    def frame_labels(self, video: int) -> NDArray[np.uint8] | None:
        """Frame labels of a video by its number, (frames,), 1 = abnormal; None when it has none."""
        table = self.label_table
        if not table.has_labels[video]:
            return None
        start, stop = table.label_offset[video : video + 2]
        return table.frame_labels[start:stop]

    def _shard(self, video: int) -> NDArray[np.uint8]:
        shard = self._shards.get(video)
        if shard is None:
            if len(self._shards) >= _OPEN_SHARDS:
                self._shards.popitem(last=False)
            path = self.folder / f"{self.video_infos[video].name}.npy"
            try:
                # a plain array over the map: indexing a numpy.memmap costs ten times as much
                shard = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
            except (OSError, ValueError) as error:
                raise _damaged(self.folder, f"{path.name} can no longer be read") from error
            self._shards[video] = shard
        return shard


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_bytes())
        schema = content["schema"]
    except FileNotFoundError:
        reason = "was not finished (no manifest.json)" if folder.is_dir() else "does not exist"
        raise CacheError(f"{folder}: the tube cache {reason}; run syrfa prepare") from None
    except OSError as error:
        raise CacheError(f"{path}: cannot be read ({error.strerror}); check the disk and its permissions") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(folder, "manifest.json cannot be read") from None
    if schema != SCHEMA:
        raise CacheError(
            f"{folder}: the tube cache cannot be used: its schema is {schema}, this version of syrfa reads {SCHEMA}; "
            "run syrfa prepare, which builds another next to it, and delete the folder where prepare stops at it"
        )
    try:
        manifest = unsealed(content)
    except ValueError:
        raise _damaged(folder, "manifest.json has changed since it was written") from None
    key = manifest["key"]
    if key != cache_key(manifest["identity"]) or not folder.name.endswith(f"-{key}"):
        raise _damaged(folder, "its manifest does not fit its key; it was made from something else")
    return manifest


def _check_files(folder: Path, manifest: dict[str, Any], verify: bool) -> None:
    spec = TubeSpec(**manifest["identity"]["spec"])
    try:
        for video in manifest["videos"]:
            _check_shard(folder, video, spec, verify)
        if sha256_file(folder / INDEX) != manifest["index"]["sha256"]:
            raise _damaged(folder, f"{INDEX} has changed since it was written")
    except FileNotFoundError as error:
        raise _damaged(folder, f"{Path(str(error.filename)).name} is missing") from None
    except OSError as error:
        raise CacheError(
            f"{error.filename or folder}: cannot be read ({error.strerror}); check the disk and its permissions"
        ) from error


def _check_shard(folder: Path, video: dict[str, Any], spec: TubeSpec, verify: bool) -> None:
    path = folder / f"{video['name']}.npy"
    if (size := path.stat().st_size) != video["bytes"]:
        raise _damaged(folder, f"{path.name} has {size} bytes instead of {video['bytes']}")
    with path.open("rb") as file:
        header = file.read(HEADER)
    if header != npy_header((video["tubes"], spec.frames, spec.size, spec.size, video["channels"])):
        raise _damaged(folder, f"the header of {path.name} has changed since it was written")
    if verify and sha256_file(path) != video["sha256"]:
        raise _damaged(folder, f"{path.name} has changed since it was written")


def _damaged(folder: Path, reason: str) -> CacheError:
    return CacheError(
        f"{folder}: the tube cache cannot be used: {reason}; delete the folder and run syrfa prepare again"
    )
