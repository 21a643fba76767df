"""A contact sheet: what a generated world looks like, in one small PNG file."""

import io
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from syrfa.errors import ConfigError
from syrfa.utils.files import atomic_write
from syrfa.world.clip import Clip, plan_clips
from syrfa.world.presets import WorldPreset

MAX_BYTES = 390_000
"""A sheet is at most this large, so that it can stand in a document; it gets fewer colours until it is."""

_COLUMNS, _ROWS = 4, 3
_CELL = (248, 165)
_TUBE, _FRAMES, _TUBE_ROWS = 64, 7, 6
_CAPTION, _GAP = 15, 4
_MIN_PIXELS = 60

Image = NDArray[np.uint8]
Tubes = dict[str, Image]  # by event: seven crops of an actor side by side, (64, 448, 3)


def draw_sheet(preset: WorldPreset, seed: int, grey: bool) -> Image:
    """Frames of twelve clips, and below them tubes at the size a model sees; uint8 (h, w, 3), BGR."""
    frames: list[Image] = []
    tubes: dict[bool, Tubes] = {False: {}, True: {}}
    for clip in _chosen(preset, seed, grey):
        number, window = _window(clip)
        picture = _fitted(window[_FRAMES // 2][0])
        frames.append(np.vstack([_text(picture.shape[1], _described(clip)), picture]))
        _add_tubes(tubes, clip, number, window)
    rows = [_row(frames[i : i + _COLUMNS]) for i in range(0, len(frames), _COLUMNS)]
    rows.append(_row([_column("normal tubes", tubes[False]), _column("abnormal tubes", tubes[True])]))
    wide = max(row.shape[1] for row in rows)
    return np.vstack([np.hstack([row, _blank(row.shape[0], wide - row.shape[1])]) for row in rows])


def write_sheet(path: Path, sheet: Image) -> None:
    """Writes a sheet as PNG, in as many colours as let the file be small enough."""
    for colours in (256, 192, 128, 96, 64, 48, 32, 24, 16, 8):
        content = io.BytesIO()
        PIL.Image.fromarray(sheet[..., ::-1]).quantize(colours).save(content, "PNG", optimize=True)
        if content.tell() <= MAX_BYTES:
            break
    with atomic_write(path) as file:
        file.write(content.getvalue())


def check_path(path: Path) -> None:
    """Refuses a path that cannot become a sheet with a ConfigError, before anything is rendered."""
    if path.suffix.lower() != ".png":
        raise ConfigError(f"{path}: the contact sheet is a PNG file; give a path that ends in .png")
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; give the path of a file")
    blocked = next((parent for parent in path.parents if parent.exists() and not parent.is_dir()), None)
    if blocked is not None:
        raise ConfigError(f"{path}: {blocked} is a file, not a folder; choose another path")


def _chosen(preset: WorldPreset, seed: int, grey: bool) -> Iterator[Clip]:
    """Twelve clips, normal and abnormal ones by turns; all there are when there are fewer."""
    plans = plan_clips(preset)
    spread = []
    for flag in (False, True):
        kind = [plan for plan in plans if plan.abnormal == flag]
        places = np.unique(np.linspace(0, len(kind) - 1, _COLUMNS * _ROWS // 2).astype(int)) if kind else ()
        spread.append([kind[i] for i in places])
    for pair in zip_longest(*spread):
        yield from (Clip(preset, plan, seed, grey) for plan in pair if plan is not None)


def _window(clip: Clip) -> tuple[int, list[tuple[Image, Image]]]:
    """The middle and the seven frames and masks in which most is seen of what is abnormal, or else of everybody."""
    half = _FRAMES // 2
    best, most = clip.frames // 2, -1
    for number in np.linspace(half, clip.frames - 1 - half, 5).astype(int).tolist():
        (_, mask), ids = next(clip.render(number, number + 1)), clip.abnormal_ids(number)
        seen = int(np.isin(mask, ids).sum() if clip.plan.abnormal else (mask > 0).sum())
        if seen > most:
            best, most = number, seen
    return best, list(clip.render(best - half, best + half + 1))


def _add_tubes(tubes: dict[bool, Tubes], clip: Clip, number: int, window: list[tuple[Image, Image]]) -> None:
    """Adds crops of the largest normal and abnormal actor that are whole in view, with two pixels around them."""
    found: list[tuple[int, bool, str, Image]] = []
    mask, abnormal = window[_FRAMES // 2][1], clip.abnormal_ids(number)
    for actor in clip.actors:
        rows, columns = np.nonzero(np.isin(mask, actor.owners))
        if len(rows) < _MIN_PIXELS:
            continue
        beyond = (mask.shape[0] - 1 - rows.max(), mask.shape[1] - 1 - columns.max())
        if min(rows.min(), columns.min(), *beyond) == 0:
            continue
        top, left = max(int(rows.min()) - 2, 0), max(int(columns.min()) - 2, 0)
        box = (slice(top, int(rows.max()) + 3), slice(left, int(columns.max()) + 3))
        crops = np.hstack([cv2.resize(_coloured(image[box]), (_TUBE, _TUBE)) for image, _ in window]).astype(np.uint8)
        found.append((len(rows), any(owner in abnormal for owner in actor.owners), actor.event, crops))
    found.sort(key=lambda entry: -entry[0])
    for kind in (False, True):
        for event, crops in [(event, crops) for _, flag, event, crops in found if flag == kind][:1]:
            tubes[kind].setdefault(event, crops)


def _described(clip: Clip) -> str:
    look = clip.scene.look
    air = ["fog"] * (look.weather.fog > 0) + ["rain"] * (look.weather.rain > 0)
    events = sorted({a.event for a in clip.actors if a.abnormal is not None}) if clip.plan.abnormal else ["normal"]
    return ", ".join([look.light.kind if look.light.sun is None else "sun", *air, *events])


def _column(title: str, tubes: Tubes) -> Image:
    wide, shown = _FRAMES * _TUBE, list(tubes.items())[:_TUBE_ROWS]
    parts = [part for event, crops in shown for part in (_text(wide, event), crops)]
    missing = (_TUBE_ROWS - len(shown)) * (_TUBE + _CAPTION)
    return np.vstack([_text(wide, title), *parts, _blank(missing, wide)])


def _row(cells: list[Image]) -> Image:
    gap = _blank(cells[0].shape[0], _GAP)
    return np.hstack([part for cell in cells for part in (cell, gap)][:-1])


def _fitted(image: Image) -> Image:
    wide, high = _CELL
    scale = min(wide / image.shape[1], high / image.shape[0])
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    small = cv2.resize(_coloured(image), size, interpolation=cv2.INTER_AREA)
    cell = _blank(high, wide)
    cell[: size[1], (wide - size[0]) // 2 : (wide - size[0]) // 2 + size[0]] = small
    return cell


def _text(wide: int, text: str) -> Image:
    strip = _blank(_CAPTION, wide)
    cv2.putText(strip, text[: wide // 6], (2, _CAPTION - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def _blank(high: int, wide: int) -> Image:
    return np.full((high, wide, 3), 255, np.uint8)


def _coloured(image: Image) -> Image:
    return image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
