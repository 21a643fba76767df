"""One video from its file to its scores, with no tube on disk; see `syrfa.verbs.predict`."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detector
from syrfa.engine import JobStore, StepTimer, VideoDone
from syrfa.errors import ConfigError
from syrfa.evaluation.protocols import StrictProtocol
from syrfa.evaluation.scores import ObjectScores, hold, write_scores
from syrfa.modules.base import AnomalyModule
from syrfa.modules.checkpoint import load_module
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.spec import TubeFilter, TubeSpec, filter_boxes
from syrfa.tubes.stream import TubeStream, stream_video
from syrfa.utils.files import sha256_json
from syrfa.utils.process import give_back_freed_memory, one_thread

SCORES = "scores"


@dataclass(frozen=True)
class ScoreIdentity:
    """Everything but the video that decides its scores; `checkpoint` is the SHA-256 of the file.

    A sum may be rounded otherwise in a batch of another size or on another kind of device (`cpu`, `cuda`).
    """

    checkpoint: str
    detector: dict[str, Any]
    spec: TubeSpec
    filter: TubeFilter
    batch_size: int
    device: str

    def to_json(self) -> dict[str, Any]:
        """As a `JobStore` keeps it."""
        return {"schema": 2, **asdict(self), "spec": self.spec.identity()}


class ScoreJob:
    """Writes `scores/<video>.npz` into a `JobStore`; see `syrfa.engine.Job`.

    `videos` is what the manifest of the split says of each video. Where `cache` is given, tubes are read from it.
    ConfigError where the filter asks for boxes less certain than `spec` cuts out.
    """

    def __init__(
        self,
        dataset: VideoDataset,
        detector: Detector,
        identity: ScoreIdentity,
        checkpoint: Path,
        device: str,
        videos: dict[str, Any],
        folder: Path,
        cache: Path | None = None,
    ) -> None:
        threshold, needed = identity.spec.min_confidence, identity.filter.min_confidence
        if needed is not None and needed < threshold:
            raise ConfigError(
                f"filter.min_confidence={needed} is below spec.min_confidence={threshold}; lower the latter as well"
            )
        self.dataset, self.detector, self.identity = dataset, detector, identity
        self.checkpoint, self.device, self.videos = checkpoint, device, videos
        self.folder, self.cache = folder, cache
        self.store = JobStore(folder, identity.to_json())
        self.runs_network = detector.runs_network or torch.device(device).type == "cuda"
        self._module: AnomalyModule | None = None
        self._opened: TubeCache | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Settings alone: every process reads the network and the cache for itself."""
        return {**self.__dict__, "_module": None, "_opened": None}

    def is_done(self, record: VideoRecord) -> bool:
        """Whether the video's scores are there, whole, and of this video."""
        part = self.store.part(record.name)
        return part is not None and part["video"] == self._video(record)

    def _video(self, record: VideoRecord) -> str:
        return sha256_json(self.videos[record.name])

    def run(self, record: VideoRecord) -> VideoDone:
        """Scores one video."""
        timer = StepTimer()
        with one_thread():
            if self.cache is None:
                spec = self.identity.spec
                score = partial(self._from_stream, timer=timer)
                objects = stream_video(self.dataset, record, self.detector, spec, score, timer)
            else:
                objects = self._from_cache(record, timer)
        with timer.step("write"):
            raw = StrictProtocol(self.identity.spec.temporal_radius, "none").frame_scores(objects).raw
            path = write_scores(self.folder / SCORES, objects, raw)
            content = {"video": self._video(record), "frames": objects.frames, "objects": len(objects.object_score)}
            self.store.finish(record.name, content, [path])
        return VideoDone(record.name, objects.frames, timer.seconds)

    def _from_stream(self, stream: TubeStream, timer: StepTimer) -> ObjectScores:
        scorer = BatchScorer(self.module(), self.identity.batch_size, self.device, timer)
        frames: list[NDArray[np.int32]] = []
        boxes: list[NDArray[np.float32]] = []
        for frame, found, tubes in stream:
            at = np.full(len(found), frame, np.int32)
            rows = filter_boxes(np.zeros_like(at), at, found.xyxy, found.confidence, self.identity.filter)
            frames.append(at[rows])
            boxes.append(found.xyxy[rows])
            scorer.add(tubes[rows])
        at = np.concatenate([np.empty(0, np.int32), *frames])
        xyxy = np.concatenate([np.empty((0, 4), np.float32), *boxes])
        size = stream.frames, stream.height, stream.width
        return hold(ObjectScores(stream.record.name, *size, at, xyxy, scorer.scores()), stream.centres)

    def _from_cache(self, record: VideoRecord, timer: StepTimer) -> ObjectScores:
        assert self.cache is not None
        self._opened = cache = self._opened or TubeCache.open(self.cache)
        index, number = cache.index, [info.name for info in cache.video_infos].index(record.name)
        info = cache.video_infos[number]
        own = np.flatnonzero(index.video == number)
        boxes = index.xyxy[own], index.confidence[own]
        rows = own[filter_boxes(index.video[own], index.frame[own], *boxes, self.identity.filter)]
        scorer = BatchScorer(self.module(), self.identity.batch_size, self.device, timer)
        for start in range(0, len(rows), self.identity.batch_size):
            with timer.step("read"):
                tubes = cache.read(rows[start : start + self.identity.batch_size])
            scorer.add(tubes)
        objects = ObjectScores(
            info.name, info.frames, info.height, info.width, index.frame[rows], index.xyxy[rows], scorer.scores()
        )
        return hold(objects, info.centres)

    def module(self) -> AnomalyModule:
        """The trained module, read when it is first needed; CheckpointError as `load_module`."""
        if self._module is None:
            give_back_freed_memory()  # once a process, and before its first large pieces
            self._module = load_module(self.checkpoint).to(self.device)
        return self._module


class BatchScorer:
    """Scores tubes in batches of one size, so that scores do not depend on how they came."""

    def __init__(self, module: AnomalyModule, batch_size: int, device: str, timer: StepTimer) -> None:
        self.module, self.batch_size, self.device, self.timer = module, batch_size, device, timer
        self._held: list[NDArray[np.uint8]] = []
        self._scores: list[NDArray[np.float64]] = [np.empty(0)]

    def add(self, tubes: NDArray[np.uint8]) -> None:
        """Takes tubes, uint8 (n, T, size, size, channels), n >= 0."""
        if len(tubes):
            self._held.append(tubes)
        while sum(map(len, self._held)) >= self.batch_size:
            stack = np.concatenate(self._held)
            self._score(stack[: self.batch_size])
            self._held = [stack[self.batch_size :]]

    def scores(self) -> NDArray[np.float64]:
        """Scores what is left, and returns all, float64 (n,), in the order of the tubes."""
        if any(map(len, self._held)):
            self._score(np.concatenate(self._held))
        return np.concatenate(self._scores)

    def _score(self, tubes: NDArray[np.uint8]) -> None:
        with self.timer.step("score"), torch.inference_mode():
            scores = self.module.score(torch.from_numpy(tubes).to(self.device))
            self._scores.append(scores.double().cpu().numpy())
