"""What the camera's lens, chip and encoder do to a frame, and how its mast shakes it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MARGIN = 97
_SHUTTER = (0.05, 0.5)  # share of the time between two frames: 1/500 s at 25 frames a second, and half of it


@dataclass(frozen=True)
class Sensor:
    """What the camera's electronics do."""

    blur: float = 0.5  # sigma of the defocus in pixels
    sharpening: float = 0.0  # how much of the difference to a blurred frame the chip adds, 0 for none
    halo: float = 1.0  # sigma of that blurred frame in pixels
    noise: float = 2.0  # standard deviation in grey levels, at mid grey
    shot: float = 0.0  # 0 for noise alike at every level, 1 for noise that grows with the root of the level
    gamma: float = 1.0  # exponent applied to the brightness
    gain: float = 1.0  # factor on the brightness
    target: float = 0.0  # mean grey level that the automatic exposure aims at; 0 for none
    offset: float = 0.0  # added to the brightness, in grey levels: haze and stray light
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)  # BGR factors of the white balance; grey cameras have none
    saturation: float = 1.0  # 0 for grey, 1 for colours as they are
    vignette: float = 0.0  # share of the light lost in the corners
    exposure: float = 0.0  # share of the time between two frames during which the shutter is open
    coarse: float = 1.0  # factor by which the chip has fewer pixels than the frame
    quality: int = 0  # of JPEG compression, 1 to 100; 0 for none
    interlaced: bool = False  # every other row is from the frame before
    shake: float = 0.0  # standard deviation of the camera's motion in pixels


def sample_sensor(rng: np.random.Generator, noise: tuple[float, float]) -> Sensor:
    """Draws a sensor; `noise` is the range of its deviation in grey levels."""
    gain = float(rng.uniform(0.7, 1.15))
    cast = np.exp(rng.normal(0, 0.03, 3))
    return Sensor(
        blur=float(rng.uniform(0.25, 0.7)) if rng.random() < 0.85 else float(rng.uniform(0.7, 1.2)),
        sharpening=float(rng.uniform(0.2, 1.6)) if rng.random() < 0.7 else 0.0,
        halo=float(rng.uniform(0.7, 1.4)),
        noise=float(rng.uniform(*noise)),
        shot=float(rng.uniform(0, 1)),
        gamma=float(np.exp(rng.normal(0, 0.22))),
        gain=gain,
        target=float(rng.uniform(80, 160)),
        offset=float(rng.uniform(0, 35) * (1.15 - gain) / 0.45),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])),
        saturation=float(rng.uniform(0.35, 1.1)),
        vignette=float(rng.uniform(0, 0.35)) if rng.random() < 0.5 else 0.0,
        exposure=float(np.exp(rng.uniform(*np.log(_SHUTTER)))),
        coarse=float(rng.uniform(1.2, 1.6)) if rng.random() < 0.1 else 1.0,
        quality=int(rng.integers(25, 85)) if rng.random() < 0.5 else 0,
        interlaced=bool(rng.random() < 0.03),
        shake=float(rng.uniform(0.15, 0.9)) if rng.random() < 0.2 else 0.0,
    )


class Developer:
    """Turns painted frames into those that a camera delivers.

    `empty` is the scene without actors, uint8 (height, width) or (height, width, 3); `noise` in grey levels.
    """

    def __init__(self, sensor: Sensor, empty: NDArray[np.uint8], rng: np.random.Generator, noise: float) -> None:
        shape = empty.shape
        self.sensor, self._shape, self._rng = sensor, shape, rng
        self._before: NDArray[np.uint8] | None = None
        # one sheet of noise, read at random places: as good as fresh noise for seven frames, at a tenth of the time
        bank = rng.standard_normal((shape[0] + _MARGIN, shape[1] + _MARGIN, *shape[2:])).astype(np.float32)
        if len(shape) == 3:
            bank = 0.6 * bank + 0.8 * bank.mean(axis=2, keepdims=True) * np.sqrt(3)
        self._noise = np.rint(noise * bank).astype(np.int16)
        # noise of one size in the domain of `curve` has a size that depends on the level in the frame
        level = np.arange(256) / 255
        curve = (1 - sensor.shot) * level + sensor.shot * np.sqrt(level)
        back = np.interp(level, curve, level)
        self._curve = np.rint(255 * curve).astype(np.uint8)
        exposed = 1.0
        if sensor.target > 0:  # it makes up for three quarters of what the scene has too much or too little
            exposed = float(np.clip((sensor.target / max(float(empty.mean()), 1.0)) ** 0.75, 0.6, 3.0))
        factors = sensor.cast if len(shape) == 3 else (1.0,)
        lit = [back * exposed * sensor.gain * factor + sensor.offset / 255 for factor in factors]
        tones = [255 * np.clip(level, 0, 1) ** sensor.gamma for level in lit]
        self._tone = np.rint(np.stack(tones, axis=-1)).astype(np.uint8)[None]

    def develop(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One frame; frames come in their order, as an interlaced one shows part of the one before."""
        sensor, (height, width) = self.sensor, self._shape[:2]
        if sensor.interlaced:
            before, self._before = self._before, image
            if before is not None:
                image = image.copy()
                image[1::2] = before[1::2]
        if sensor.coarse > 1:
            small = (round(width / sensor.coarse), round(height / sensor.coarse))
            image = cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height))  # type: ignore[assignment]
        image = cv2.LUT(cv2.GaussianBlur(image, (0, 0), sensor.blur), self._curve)  # type: ignore[assignment]
        row, column = self._rng.integers(0, _MARGIN, 2)
        noise = self._noise[row : row + height, column : column + width]
        image = cv2.add(image, noise, dtype=cv2.CV_8U)  # type: ignore[assignment]
        if sensor.sharpening:  # of the noise too
            soft = cv2.GaussianBlur(image, (0, 0), sensor.halo)
            image = cv2.addWeighted(image, 1 + sensor.sharpening, soft, -sensor.sharpening, 0)  # type: ignore[assignment]
        image = cv2.LUT(image, self._tone)  # type: ignore[assignment]
        if sensor.quality:
            kind = cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR
            _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])
            image = cv2.imdecode(packed, kind)  # type: ignore[assignment]
        return np.asarray(image, np.uint8)


def vignette(width: int, height: int, strength: float) -> NDArray[np.float32]:
    """Share of the light (height, width) that a lens passes, 1 in the middle."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((x / (width - 1) - 0.5) ** 2 + (y / (height - 1) - 0.5) ** 2) / 0.5
    return np.asarray(1 - strength * away, np.float32)


_WAVES = 4


class Shake:
    """Smooth small motion of the whole picture, `size` pixels standard deviation, most of it slower than 3 frames."""

    def __init__(self, rng: np.random.Generator, size: float) -> None:
        # (waves, 3), of each wave: pixels to the right, pixels down, radians about the centre
        self._amplitude = np.sqrt(2 * rng.dirichlet(np.ones(_WAVES), 3).T) * size * np.array([1.0, 1.0, 0.0008])
        self._rate = rng.uniform(0.05, 2.0, (_WAVES, 3))  # radians a frame
        self._phase = rng.uniform(0, 2 * np.pi, (_WAVES, 3))

    def moved(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], number: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Picture and id mask of frame `number`, moved alike; the mask keeps its numbers."""
        right, down, angle = (self._amplitude * np.sin(self._rate * number + self._phase)).sum(axis=0)
        c, s, size = np.cos(angle), np.sin(angle), (image.shape[1], image.shape[0])
        x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
        matrix = np.array([[c, -s, x - c * x + s * y + right], [s, c, y - s * x - c * y + down]])
        shown = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        ids = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(shown, np.uint8), np.asarray(ids, np.uint8)
