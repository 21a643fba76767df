"""Misses and jitter along time: a miss shows between two frames that have the box, jitter as its tremble."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from scipy.optimize import nnls

from experiments.studies.boxes.box_pairs import binned, covered, matched, ratio, spread

COVER = (0.0, 0.02, 0.1, 0.2, 0.3, 0.5, 1.0)
_WAIT = 6  # frames within which a lost person must come back


def flicker(boxes, video, frame):
    """Misses and jitter along people: frames without a box between frames that have one, at most 5 in a row.

    Args:
        boxes: (n, 4), one a person and frame: a second box of somebody would be taken for somebody who is often missed.
        video: (n,).
        frame: (n,), within its video.
    """
    lost, seen, second = [], [], []
    for name in np.unique(video):
        tracks, open_tracks = [], []
        for rows in by_frame(video[video == name], frame[video == name]):
            rows = np.flatnonzero(video == name)[rows]
            now = int(frame[rows[0]])
            open_tracks = [t for t in open_tracks if now - t[-1][0] <= _WAIT]
            last = np.array([t[-1][1] for t in open_tracks]).reshape(-1, 4)
            partner = matched(boxes[rows], last, 0.4)
            for i, j in zip(rows, partner, strict=True):
                if j < 0:
                    tracks.append([])
                    open_tracks.append(tracks[-1])
                    track = tracks[-1]
                else:
                    track = open_tracks[j]
                track.append((now, boxes[i]))
        present = defaultdict(list)
        for track in tracks:
            for number, box in track:
                present[number].append(box)
        for track in tracks:
            for (before, a), (after, b) in pairwise(track):
                for number in range(before + 1, after):
                    between = a + (b - a) * (number - before) / (after - before)
                    lost.append(_cover_of(between, present[number]))
                seen.append(_cover_of(b, [p for p in present[after] if p is not b]))
            for (f, a), (_, b), (g, c) in zip(track, track[1:], track[2:], strict=False):
                if g - f == 2:
                    second.append((b - (a + c) / 2) / np.tile(b[2:] - b[:2], 2))
    cover = np.array(seen + lost)
    missed = np.arange(len(cover)) >= len(seen)
    fit, _ = nnls(np.stack([np.ones(len(cover)), cover], axis=1), missed.astype(float))
    jitter = spread(np.array(second)) / np.sqrt(1.5)
    return {
        "missed": ratio(len(lost), len(cover)),
        "miss_fit": dict(zip(("miss", "miss_covered"), fit.round(3).tolist(), strict=True)),
        "missed_by_cover": binned(cover, missed, COVER),
        "jitter": dict(zip(("left", "top", "right", "bottom"), jitter.round(4).tolist(), strict=True)),
    }


def _cover_of(box, others):
    """The largest share of a box that one of the others, nearer to the camera, covers."""
    nearer = [o for o in others if o[3] > box[3]]
    return float(covered(box[None], np.array(nearer)).max()) if nearer else 0.0


def by_frame(video, frame):
    """The rows of each frame that has any."""
    key = video.astype(np.int64) * 100000 + frame
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if len(key) else []
