"""Simple statistics of a tube: what an eye would name when it tells a rendered person from a filmed one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.studies.realism.sample import TubeSample

Statistics = dict[str, NDArray[np.float64]]
Row = dict[str, Any]

NOT_PROBED = ("height",)
"""Decided by the camera, which a preset varies on purpose, and not by how people are drawn."""

_CHUNK = 128
_LEVEL = 1 / 255  # what contrast is at least taken to be
_BINS = 8
_MAD = 1.4826  # deviation of a normal distribution over its median absolute deviation


def sample_statistics(sample: TubeSample) -> Statistics:
    """Every statistic of every tube of a sample, each float64 (n,).

    Of the middle frame, grey in [0, 1], unless another part is named:
      - brightness: mean of all frames; contrast: deviation; skewness: third standardised moment.
      - gradient: mean squared gradient over the variance.
      - sharpness: mean squared Laplacian over mean squared gradient.
      - vertical_edges: share of the gradient's energy across x; orientation_spread: entropy of its direction, 0 to 1.
      - figure: mean of the inner half less that of the rim, over the contrast; below 0 for dark figures.
      - noise: deviation of fine grain, in grey levels, estimated by a mask that cancels edges and slopes.
      - motion: mean squared difference of successive frames over the variance.
      - flicker: median absolute difference of successive frames, in grey levels: change where nothing moves.
      - colour: mean range of the channels, in grey levels.
    Of the box: aspect, width over height; displacement, heights a frame, the median where it is not known; height, in
    pixels.
    """
    parts = [_of_pixels(sample.tubes[first : first + _CHUNK]) for first in range(0, len(sample.tubes), _CHUNK)]
    found = {name: np.concatenate([part[name] for part in parts]).astype(np.float64) for name in parts[0]}
    sides = (sample.xyxy[:, 2:] - sample.xyxy[:, :2]).astype(np.float64)
    known = sample.displacement[np.isfinite(sample.displacement)]
    moved = np.where(np.isnan(sample.displacement), np.median(known) if len(known) else 0.0, sample.displacement)
    return {**found, "aspect": sides[:, 0] / sides[:, 1], "displacement": moved, "height": sides[:, 1]}


def probe_matrix(statistics: Statistics) -> NDArray[np.float64]:
    """(n, k): the statistics that a probe is given."""
    return np.stack([values for name, values in statistics.items() if name not in NOT_PROBED], axis=1)


def compare(real: Statistics, generated: Statistics) -> list[Row]:
    """One row a statistic, the largest standardised difference first.

    `difference` is generated less real over the pooled deviation; `covered` the share of real tubes within the middle
    95 % of the generated ones, which is what matters to a model that learns on them.
    """
    rows = []
    for name, ours in generated.items():
        theirs = real[name]
        deviation = float(np.sqrt((ours.var() + theirs.var()) / 2))
        gap = float(ours.mean() - theirs.mean())
        low, high = np.quantile(ours, [0.025, 0.975])
        rows.append(
            {
                "statistic": name,
                "real": float(theirs.mean()),
                "generated": float(ours.mean()),
                "real_deviation": float(theirs.std()),
                "generated_deviation": float(ours.std()),
                "difference": gap / deviation if deviation > 0 else 0.0,
                "covered": float(np.mean((theirs >= low) & (theirs <= high))),
                "probed": name not in NOT_PROBED,
            }
        )
    return sorted(rows, key=lambda row: (-abs(row["difference"]), row["statistic"]))


def _of_pixels(tubes: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """The statistics of pixels, float32 (n,), of uint8 (n, T, S, S, C)."""
    grey = tubes.mean(axis=-1, dtype=np.float32) / 255
    middle = grey[:, grey.shape[1] // 2]
    mean = middle.mean(axis=(1, 2))
    contrast = np.maximum(middle.std(axis=(1, 2)), _LEVEL)
    centred = (middle - mean[:, None, None]) / contrast[:, None, None]
    change = grey[:, 1:] - grey[:, :-1]
    return {
        "brightness": grey.mean(axis=(1, 2, 3)),
        "contrast": contrast,
        "skewness": (centred**3).mean(axis=(1, 2)),
        **_edges(centred),
        "figure": _figure(centred),
        "noise": 255 * contrast * _grain(centred),
        "motion": (change**2).mean(axis=(1, 2, 3)) / contrast**2,
        "flicker": 255 * np.median(np.abs(change).reshape(len(grey), -1), axis=1),
        "colour": np.ptp(tubes, axis=-1).mean(axis=(1, 2, 3), dtype=np.float32),
    }


def _edges(x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    across = (x[:, 1:-1, 2:] - x[:, 1:-1, :-2]) / 2
    down = (x[:, 2:, 1:-1] - x[:, :-2, 1:-1]) / 2
    energy = across**2 + down**2
    total = np.maximum(energy.sum(axis=(1, 2)), 1e-6)
    sides = x[:, 1:-1, 2:] + x[:, 1:-1, :-2] + x[:, 2:, 1:-1] + x[:, :-2, 1:-1]
    laplacian = sides - 4 * x[:, 1:-1, 1:-1]
    # half a bin further, so that upright and level edges lie in the middle of theirs
    angle = (np.arctan2(down, across) / np.pi + 0.5 / _BINS) % 1
    places = np.minimum((angle * _BINS).astype(np.int64), _BINS - 1)
    shares = np.stack([np.where(places == k, energy, 0).sum(axis=(1, 2)) / total for k in range(_BINS)])
    entropy = -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=0) / np.log(_BINS)
    return {
        "gradient": energy.mean(axis=(1, 2)),
        "sharpness": (laplacian**2).sum(axis=(1, 2)) / total,
        "vertical_edges": (across**2).sum(axis=(1, 2)) / total,
        "orientation_spread": entropy.astype(np.float32),
    }


def _figure(x: NDArray[np.float32]) -> NDArray[np.float32]:
    quarter = x.shape[1] // 4
    inner = x[:, quarter:-quarter, quarter:-quarter]
    rim = (x.sum(axis=(1, 2)) - inner.sum(axis=(1, 2))) / (x[0].size - inner[0].size)
    difference: NDArray[np.float32] = inner.mean(axis=(1, 2)) - rim
    return difference


def _grain(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Deviation of white noise in x; the mask is the second difference along both axes, of weight 6."""
    along = x[:, :, 2:] - 2 * x[:, :, 1:-1] + x[:, :, :-2]
    both = along[:, 2:] - 2 * along[:, 1:-1] + along[:, :-2]
    grain: NDArray[np.float32] = _MAD * np.median(np.abs(both).reshape(len(x), -1), axis=1) / 6
    return grain
