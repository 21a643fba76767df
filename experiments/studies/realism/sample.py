"""Normal tubes of the generated and of the real train split, drawn at random."""

import bisect
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import ConfigError, LabelError
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.index import TubeIndex
from syrfa.tubes.labels import ABNORMAL, NORMAL
from syrfa.tubes.source import Domain, SplitUse
from syrfa.world.generation import FINISHED

MIN_OVERLAP = 0.3
"""Boxes of one object some frames apart overlap at least so much (intersection over union)."""


@dataclass(frozen=True)
class TubeSample:
    """Normal tubes of one domain.

    Attributes:
        tubes: uint8 (n, T, size, size, C).
        video: int64 (n,), the number of each tube's video.
        xyxy: float32 (n, 4), the boxes in pixels.
        displacement: float64 (n,), how far the box moves, in box heights a frame; NaN where it was not found again.
        origin: which split of which data set, as JSON.
    """

    tubes: NDArray[np.uint8]
    video: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    displacement: NDArray[np.float64]
    origin: dict[str, Any]


def draw_samples(
    data: TubeDataModule, count: int, seed: int, match_height: bool = False
) -> tuple[TubeSample, TubeSample]:
    """Equally many normal tubes of the target's and of the source's train split; builds their caches first.

    Args:
        data: the `data` part of a config.
        count: tubes of each; fewer where a split has fewer.
        seed: of the draw.
        match_height: draw generated tubes whose boxes are as high, in pixels, as those of the real tubes drawn.

    Returns:
        (real, generated).

    Raises:
        ConfigError: a domain is not described, or the target is trained on what it is tested on.
        LabelError: a train split has no normal tube.
    """
    uses = (train_use(data, "target"), train_use(data, "source"))
    target = uses[0].source
    if target.train_split in (target.test_split, target.validation_split):
        raise ConfigError(
            f"data.target.train_split={target.train_split}: also the split it is tested on, which realism must not "
            "look at; name the normal training split"
        )
    caches = [data.build(use) for use in uses]
    rows = [_normal_rows(use, cache) for use, cache in zip(uses, caches, strict=True)]
    taken = min(count, *map(len, rows))
    step = math.lcm(*(use.spec.stride for use in uses))  # the smallest that both caches hold
    streams = [np.random.default_rng([seed, number]) for number in range(2)]
    chosen = [rng.choice(normal, taken, replace=False) for rng, normal in zip(streams, rows, strict=True)]
    if match_height:
        heights = [_heights(cache, part) for cache, part in zip(caches, (chosen[0], rows[1]), strict=True)]
        order = streams[1].permutation(len(rows[1]))  # equal heights are taken in random order
        chosen[1] = rows[1][order][nearest_heights(heights[0], heights[1][order])]
    real, generated = (
        _sample(use, cache, len(normal), np.sort(part), step)
        for use, cache, normal, part in zip(uses, caches, rows, chosen, strict=True)
    )
    return real, generated


def nearest_heights(wanted: NDArray[np.float64], available: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each of `wanted` (n,), in order, the place of the nearest of `available` (m >= n,) each used once."""
    order = np.argsort(available, kind="stable")
    places, values = order.tolist(), np.log(available[order]).tolist()
    found = []
    for value in np.log(wanted).tolist():
        after = bisect.bisect_left(values, value)
        near = [place for place in (after - 1, after) if 0 <= place < len(values)]
        best = min(near, key=lambda place: abs(values[place] - value))
        found.append(places.pop(best))
        values.pop(best)
    return np.array(found, np.int64)


def train_use(data: TubeDataModule, domain: Domain) -> SplitUse:
    """The train split of a domain as `fit` would use it.

    Raises:
        ConfigError: the config does not describe the domain.
    """
    data.dataset(domain)  # says which config is missing
    source = data.domains[domain]
    assert source is not None
    return SplitUse(domain, source, source.train_split, source.train_spec or source.spec)


def world_of(data: TubeDataModule) -> dict[str, Any]:
    """Preset, seed and version of the generated source; `preset` None with a reason where it was not generated.

    Raises:
        ConfigError: there is a world.json, but a damaged one.
    """
    path = data.dataset("source").root / FINISHED
    if not path.is_file():
        return {"preset": None, "reason": f"the source has no {FINISHED}: not made by syrfa generate"}
    try:
        content = json.loads(path.read_bytes())
        return {key: content[key] for key in ("preset", "settings", "seed", "version", "grey")}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: damaged; generate the world again") from error


def displacements(index: TubeIndex, kept: NDArray[np.int64], rows: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    """How far boxes move, in box heights a frame.

    Args:
        index: the table of all tubes.
        kept: the rows among which a box is looked for, ascending.
        rows: (n,), the boxes.
        step: how many frames later the box is looked for: the one that overlaps most, if by `MIN_OVERLAP`.

    Returns:
        (n,), NaN where there is none.
    """
    span = int(index.frame.max(initial=0)) + step + 1
    place = index.video[kept].astype(np.int64) * span + index.frame[kept]
    wanted = index.video[rows].astype(np.int64) * span + index.frame[rows] + step
    first, last = np.searchsorted(place, wanted), np.searchsorted(place, wanted, side="right")
    moved = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        box = index.xyxy[row].astype(np.float64)
        others = index.xyxy[kept[first[number] : last[number]]].astype(np.float64)
        overlap = _overlap(box, others)
        if len(others) and overlap.max() >= MIN_OVERLAP:
            other = others[overlap.argmax()]
            shift = (other[:2] + other[2:] - box[:2] - box[2:]) / 2
            moved[number] = np.hypot(*shift) / (step * (box[3] - box[1]))
    return moved


def _overlap(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of a box with others (n, 4)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.clip(sides, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    shares: NDArray[np.float64] = common / (areas - common)
    return shares


def _normal_rows(use: SplitUse, cache: TubeCache) -> NDArray[np.int64]:
    """Used tubes that are normal: by label in the source; in the target, normal by definition, unless labelled else."""
    rows = cache.select(use.source.filter)
    labels = cache.labels(rows, use.source.filter)
    normal: NDArray[np.int64] = rows[labels == NORMAL] if use.domain == "source" else rows[labels != ABNORMAL]
    if len(normal) == 0:
        raise LabelError(f"{cache.folder}: none of {len(cache)} tubes is a usable normal one; see data.{use.domain}")
    return normal


def _heights(cache: TubeCache, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    xyxy = cache.index.xyxy[rows].astype(np.float64)
    heights: NDArray[np.float64] = xyxy[:, 3] - xyxy[:, 1]
    return heights


def _sample(use: SplitUse, cache: TubeCache, normal: int, rows: NDArray[np.int64], step: int) -> TubeSample:
    video = cache.index.video[rows].astype(np.int64)
    origin = {
        "dataset": use.source.dataset.name,
        "domain": use.domain,
        "split": use.split,
        "manifest_sha256": use.source.dataset.manifest_hash(use.split),
        "cache_key": cache.key,
        "normal_tubes": normal,
        "tubes": len(rows),
        "videos": len(np.unique(video)),
    }
    moved = displacements(cache.index, cache.select(use.source.filter), rows, step)
    return TubeSample(cache.read(rows), video, cache.index.xyxy[rows], moved, origin)
