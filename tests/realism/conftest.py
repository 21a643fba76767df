from pathlib import Path

import cv2
import numpy as np
import pytest

from syrfa.realism.sample import TubeSample


@pytest.fixture
def make_sample():
    """Tubes of smooth moving blobs from several videos; `offset` and `noise` are in grey levels."""

    def make(seed, videos=8, each=12, offset=0.0, noise=0.0, size=32):
        rng = np.random.default_rng(seed)
        count = videos * each
        tubes = np.empty((count, 5, size, size, 1), np.uint8)
        for number in range(count):
            base = cv2.GaussianBlur(rng.normal(size=(size + 8, size + 8)), (0, 0), 3)
            base = base / base.std() * rng.uniform(15, 35) + rng.uniform(90, 150)
            for frame in range(5):
                picture = base[4 : 4 + size, frame : frame + size] + offset + noise * rng.normal(size=(size, size))
                tubes[number, frame, ..., 0] = np.clip(picture, 0, 255).round()
        corner = rng.uniform(0, 100, (count, 2))
        boxes = np.hstack([corner, corner + rng.uniform((8, 25), (15, 40), (count, 2))]).astype(np.float32)
        return TubeSample(tubes, np.repeat(np.arange(videos), each), boxes, rng.uniform(0, 0.05, count), {})

    return make


@pytest.fixture
def configs():
    folder = Path(__file__).resolve().parents[2] / "lightning_config" / "data"
    return [f"--config={folder / 'generated.yaml'}", f"--config={folder / 'ped2.yaml'}"]
