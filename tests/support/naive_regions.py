"""RBDC and TBDC by plain loops over boxes in the order of their scores: what the fast ones are compared with."""

from itertools import groupby, pairwise

import numpy as np

from syrfa.datasets.regions import Regions
from syrfa.evaluation import ObjectScores


def naive_regions(videos):
    """(RBDC, TBDC) of (frames, boxes, tracks) a video; of boxes (frame, x1, y1, x2, y2, score), tracks {frame: box}."""
    frames = sum(video[0] for video in videos)
    targets = {}  # (video, frame) -> [(track, box)]
    sizes = {}
    for number, (_, _, tracks) in enumerate(videos):
        for which, track in enumerate(tracks):
            sizes[number, which] = len(track)
            for frame, box in track.items():
                targets.setdefault((number, frame), []).append(((number, which), box))
    boxes = [(box[5], number, box) for number, video in enumerate(videos) for box in video[1]]
    boxes.sort(key=lambda entry: -entry[0])
    found, in_track = set(), dict.fromkeys(sizes, 0)
    false = 0
    points = [(0.0, 0.0, 0.0)]
    for _, tied in groupby(boxes, key=lambda entry: entry[0]):
        for _, number, (frame, *box, _) in tied:
            matched = False
            for track, region in targets.get((number, frame), ()):
                if overlap(box, region) >= 0.1:
                    matched = True
                    if (track, frame) not in found:
                        found.add((track, frame))
                        in_track[track] += 1
            false += not matched
        tracks_found = sum(10 * in_track[track] >= size for track, size in sizes.items())
        points.append((false / frames, len(found) / sum(sizes.values()), tracks_found / len(sizes)))
    return under(points, 1), under(points, 2)


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    shared = max(width, 0) * max(height, 0)
    return shared / (size(a) + size(b) - shared)


def size(box):
    return (box[2] - box[0] + 1) * (box[3] - box[1] + 1)


def under(points, column):
    """The area under straight lines between the points, from 0 to 1, the last value held."""
    total = 0.0
    for before, after in pairwise(points):
        (x0, y0), (x1, y1) = (before[0], before[column]), (after[0], after[column])
        if x0 >= 1:
            break
        if x1 > 1:
            y1 = y0 + (y1 - y0) * (1 - x0) / (x1 - x0)
            x1 = 1
        total += (x1 - x0) * (y0 + y1) / 2
    return total + max(0.0, 1 - points[-1][0]) * points[-1][column]


def as_objects(video, name="v", height=100, width=100):
    """The boxes of a video as `ObjectScores`."""
    frames, boxes, _ = video
    table = np.array(boxes, np.float64).reshape(-1, 6)
    return ObjectScores(
        name, frames, height, width, table[:, 0].astype(np.int32), table[:, 1:5].astype(np.float32), table[:, 5]
    )


def as_regions(video, size=(100, 100)):
    """The tracks of a video as `Regions`."""
    return Regions.of([(f, number, box) for number, track in enumerate(video[2]) for f, box in track.items()], size)


def random_video(generator, frames=12, boxes=30, tracks=3, levels=None, extent=100):
    """Whole-numbered boxes, half of them near a region; scores of a few levels tie."""
    truth = []
    for _ in range(tracks):
        start = int(generator.integers(0, frames))
        stop = int(generator.integers(start, frames)) + 1
        truth.append({frame: random_box(generator, extent) for frame in range(start, stop)})
    regions = [(frame, box) for track in truth for frame, box in track.items()]
    found = []
    for number in range(boxes):
        frame, box = int(generator.integers(0, frames)), random_box(generator, extent)
        if number % 2 and regions:
            frame, near = regions[int(generator.integers(0, len(regions)))]
            box = tuple(int(side + generator.integers(-15, 16)) for side in near)
            box = (box[0], box[1], max(box[0], box[2]), max(box[1], box[3]))
        score = generator.random() if levels is None else generator.integers(0, levels) / levels
        found.append((frame, *box, float(score)))
    return frames, found, truth


def random_box(generator, extent):
    x, y = generator.integers(0, extent - 30, 2)
    w, h = generator.integers(0, 30, 2)
    return int(x), int(y), int(x + w), int(y + h)
