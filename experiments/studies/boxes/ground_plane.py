"""How tall a whole person is, row by row, in the view of a fixed camera."""

import numpy as np


class GroundPlane:
    """Height of a whole person by the row of the feet, and by the row of the head.

    Args:
        boxes: (n, 4).
        confidence: (n,); the line goes through those above 0.9.
        width: of the frame.
        height: of the frame.
    """

    def __init__(self, boxes, confidence, width, height):
        self.width, self.height = width, height
        chosen = (confidence > 0.9) & ~self.at_edge(boxes) & (self.aspect(boxes) < 0.8)
        tall = boxes[:, 3] - boxes[:, 1]
        self.feet, self.head = (self._line(boxes[chosen, side], tall[chosen]) for side in (3, 1))

    @staticmethod
    def _line(row, tall):
        kept = np.ones(len(row), bool)
        for _ in range(6):
            line = np.polyfit(row[kept], tall[kept], 1)
            kept = np.abs(tall / np.polyval(line, row) - 1) < 0.2
        return line

    @staticmethod
    def aspect(boxes):
        return (boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])

    def at_edge(self, boxes):
        return (boxes[:, :2] < 2).any(axis=1) | (boxes[:, 2] > self.width - 2) | (boxes[:, 3] > self.height - 2)

    def by_feet(self, boxes):
        """Height as a share of a whole person's who stands where the box ends."""
        return (boxes[:, 3] - boxes[:, 1]) / np.polyval(self.feet, boxes[:, 3])

    def by_head(self, boxes):
        """The same for one whose head is where the box begins."""
        return (boxes[:, 3] - boxes[:, 1]) / np.polyval(self.head, boxes[:, 1])

    def whole(self, boxes):
        return (np.abs(self.by_feet(boxes) - 1) < 0.3) & (self.aspect(boxes) < 0.9)

    def legs(self, boxes):
        """The part of a whole person below a box that begins at the head; empty where nothing is missing."""
        below = boxes.copy()
        below[:, 1] = boxes[:, 3]
        below[:, 3] = np.maximum(boxes[:, 1] + np.polyval(self.head, boxes[:, 1]), boxes[:, 3] + 1)
        return below
