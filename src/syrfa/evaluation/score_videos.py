"""One video from its file to its scores, with no tube on disk; see `syrfa.verbs.score`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.engine import StageTimer, VideoDone
from syrfa.errors import ConfigError
from syrfa.evaluation.protocols import StrictProtocol
from syrfa.evaluation.scores import ObjectScores
from syrfa.evaluation.store import write_scores
from syrfa.modules.base import AnomalyModule
from syrfa.modules.load import load_module
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.spec import TubeFilter, TubeSpec, filter_boxes
from syrfa.tubes.stream import TubeStream, stream_video
from syrfa.utils.files import sha256_file, sha256_json, write_json
from syrfa.utils.process import give_back_freed_memory, one_thread

SCORES, DONE = "scores", "done"


@dataclass(frozen=True)
class ScoreRecipe:
    """Everything but the video that decides its scores.

    Attributes:
        checkpoint: SHA-256 of the file.
        detector: its identity.
        spec: with the margin decided.
        filter: which tubes are scored.
        batch_size: tubes a pass through the network: a sum may be rounded otherwise in a batch of another size.
        device: kind of the device, `cpu` or `cuda`.
    """

    checkpoint: str
    detector: dict[str, Any]
    spec: TubeSpec
    filter: TubeFilter
    batch_size: int
    device: str

    def key(self, video: object = None) -> str:
        """SHA-256 of the recipe and what the data set's manifest says of a video."""
        return sha256_json({"schema": 1, "recipe": asdict(self), "video": video})


class ScoreJob:
    """Writes `scores/<video>.npz`, then `done/<video>.json`; see `syrfa.engine.Job`.

    Args:
        dataset: the data set of the videos.
        detector: finds the boxes.
        recipe: what the scores are made by.
        checkpoint: the file; read once a worker.
        device: of the network.
        videos: what the manifest of the split says of each video, by name.
        folder: the run's.
        cache: a finished cache of the split, whose tubes are read instead of the videos.

    Raises:
        ConfigError: the filter asks for boxes less certain than `spec` cuts out.
    """

    def __init__(
        self,
        dataset: VideoDataset,
        detector: Detector,
        recipe: ScoreRecipe,
        checkpoint: Path,
        device: str,
        videos: dict[str, Any],
        folder: Path,
        cache: Path | None = None,
    ) -> None:
        threshold, needed = recipe.spec.min_confidence, recipe.filter.min_confidence
        if needed is not None and needed < threshold:
            raise ConfigError(
                f"filter.min_confidence={needed} is below spec.min_confidence={threshold}; lower the latter as well"
            )
        self.dataset, self.detector, self.recipe = dataset, detector, recipe
        self.checkpoint, self.device, self.videos = checkpoint, device, videos
        self.folder, self.cache = folder, cache
        self.runs_network = detector.runs_network or torch.device(device).type == "cuda"
        self._module: AnomalyModule | None = None
        self._opened: TubeCache | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Settings alone: every process reads the network and the cache for itself."""
        return {**self.__dict__, "_module": None, "_opened": None}

    def is_done(self, record: VideoRecord) -> bool:
        """Whether the video's scores are there, whole and of this recipe."""
        try:
            said = json.loads((self.folder / DONE / f"{record.name}.json").read_bytes())
            return bool(
                said["key"] == self.recipe.key(self.videos[record.name])
                and said["sha256"] == sha256_file(self.folder / SCORES / f"{record.name}.npz")
            )
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def run(self, record: VideoRecord) -> VideoDone:
        """Scores one video."""
        timer = StageTimer()
        with one_thread():
            if self.cache is None:
                objects = stream_video(
                    self.dataset,
                    record,
                    self.detector,
                    self.recipe.spec,
                    lambda stream: self._from_stream(stream, timer),
                    timer,
                )
            else:
                objects = self._from_cache(record, timer)
        with timer.stage("write"):
            self._write(record, objects)
        return VideoDone(record.name, objects.frames, timer.seconds)

    def _from_stream(self, stream: TubeStream, timer: StageTimer) -> ObjectScores:
        scorer = BatchScorer(self.module(), self.recipe.batch_size, self.device, timer)
        frames: list[NDArray[np.int32]] = []
        boxes: list[NDArray[np.float32]] = []
        for frame, found, tubes in stream:
            rows = _kept(frame, found, self.recipe.filter)
            frames.append(np.full(len(rows), frame, np.int32))
            boxes.append(found.xyxy[rows])
            scorer.add(tubes[rows])
        return ObjectScores(
            name=stream.record.name,
            frames=stream.frames,
            height=stream.height,
            width=stream.width,
            object_frame=np.concatenate([np.empty(0, np.int32), *frames]),
            object_xyxy=np.concatenate([np.empty((0, 4), np.float32), *boxes]),
            object_score=scorer.scores(),
        )

    def _from_cache(self, record: VideoRecord, timer: StageTimer) -> ObjectScores:
        assert self.cache is not None
        self._opened = cache = self._opened or TubeCache.open(self.cache)
        number = [info.name for info in cache.video_infos].index(record.name)
        info = cache.video_infos[number]
        begin, end = np.searchsorted(cache.index.video, [number, number + 1])
        part = slice(begin, end)
        index = cache.index
        rows = begin + filter_boxes(
            index.video[part], index.frame[part], index.xyxy[part], index.confidence[part], self.recipe.filter
        )
        scorer = BatchScorer(self.module(), self.recipe.batch_size, self.device, timer)
        for start in range(0, len(rows), self.recipe.batch_size):
            with timer.stage("read"):
                tubes = cache.read(rows[start : start + self.recipe.batch_size])
            scorer.add(tubes)
        return ObjectScores(
            info.name, info.frames, info.height, info.width, index.frame[rows], index.xyxy[rows], scorer.scores()
        )

    def module(self) -> AnomalyModule:
        """The trained module, read when it is first needed.

        Raises:
            CheckpointError: see `load_module`.
        """
        if self._module is None:
            give_back_freed_memory()  # once a process, and before its first large pieces
            self._module = load_module(self.checkpoint).to(self.device)
        return self._module

    def _write(self, record: VideoRecord, objects: ObjectScores) -> None:
        protocol = StrictProtocol(self.recipe.spec.frames // 2, "none")
        path = write_scores(self.folder / SCORES, objects, protocol.frame_scores(objects).raw)
        content = {
            "key": self.recipe.key(self.videos[record.name]),
            "sha256": sha256_file(path),
            "frames": objects.frames,
            "objects": len(objects.object_score),
        }
        write_json(self.folder / DONE / f"{record.name}.json", content)


class BatchScorer:
    """Scores tubes in batches of one size as they come, so that scores do not depend on how they came.

    Args:
        module: scores them.
        batch_size: tubes a pass.
        device: of the module.
        timer: counts the stage `score`.
    """

    def __init__(self, module: AnomalyModule, batch_size: int, device: str, timer: StageTimer) -> None:
        self.module, self.batch_size, self.device, self.timer = module, batch_size, device, timer
        self._held: list[NDArray[np.uint8]] = []
        self._count = 0
        self._scores: list[NDArray[np.float64]] = [np.empty(0)]

    def add(self, tubes: NDArray[np.uint8]) -> None:
        """Takes tubes, uint8 (n, T, size, size, channels), n >= 0."""
        if len(tubes) == 0:
            return
        self._held.append(tubes)
        self._count += len(tubes)
        while self._count >= self.batch_size:
            stack = np.concatenate(self._held)
            self._score(stack[: self.batch_size])
            self._held, self._count = [stack[self.batch_size :]], len(stack) - self.batch_size

    def scores(self) -> NDArray[np.float64]:
        """Scores what is left, and returns all, float64 (n,), in the order in which the tubes came."""
        if self._count:
            self._score(np.concatenate(self._held))
            self._held, self._count = [], 0
        return np.concatenate(self._scores)

    def _score(self, tubes: NDArray[np.uint8]) -> None:
        with self.timer.stage("score"), torch.inference_mode():
            scores = self.module.score(torch.from_numpy(tubes).to(self.device))
            self._scores.append(scores.double().cpu().numpy())


def _kept(frame: int, boxes: Detections, rule: TubeFilter) -> NDArray[np.int64]:
    """The boxes of one frame that pass; no rule looks beyond a frame."""
    return filter_boxes(
        np.zeros(len(boxes), np.int32),
        np.full(len(boxes), frame, np.int32),
        boxes.xyxy,
        boxes.confidence,
        rule,
    )
