"""A contact sheet: what a generated world looks like, in one small PNG file."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
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
_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")

Image = NDArray[np.uint8]


@dataclass
class Tube:
    """An actor's event, whether that is abnormal, and seven crops of it, each (64, 64, 3)."""

    event: str
    abnormal: bool
    crops: list[Image]


def draw_sheet(preset: WorldPreset, seed: int, grey: bool, beside: Path | None = None) -> Image:
    """Draws frames of twelve clips, and below them tubes at the size a model sees, normal ones and abnormal ones.

    Images of the folder `beside` are shown between the two. Returns uint8 (h, w, 3), BGR.

    Raises:
        ConfigError: `beside` is no folder, or holds no image.
    """
    others = [] if beside is None else _found(beside)
    frames: list[Image] = []
    tubes: list[Tube] = []
    for clip in _chosen(preset, seed, grey):
        number, window = _window(clip)
        frames.append(_captioned(_fitted(window[_FRAMES // 2][0]), _described(clip)))
        tubes += _tubes(clip, number, window)
    rows = [_row(frames[i : i + _COLUMNS]) for i in range(0, len(frames), _COLUMNS)]
    if others:
        rows.append(_row([_captioned(_fitted(image), name) for name, image in others]))
    halves = [_column([t for t in tubes if t.abnormal == flag], flag) for flag in (False, True)]
    rows.append(np.hstack([halves[0], _blank(halves[0].shape[0], _GAP), halves[1]]))
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


def check_paths(path: Path, beside: Path | None) -> None:
    """Refuses what cannot become a sheet, before anything is rendered.

    Raises:
        ConfigError: `path` is no PNG file's, cannot be written, or `beside` is no folder of images.
    """
    if path.suffix.lower() != ".png":
        raise ConfigError(f"{path}: the contact sheet is a PNG file; give a path that ends in .png")
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; give the path of a file")
    blocked = next((parent for parent in path.parents if parent.exists() and not parent.is_dir()), None)
    if blocked is not None:
        raise ConfigError(f"{path}: {blocked} is a file, not a folder; choose another path")
    if beside is not None:
        _found(beside)


def _found(folder: Path) -> list[tuple[str, Image]]:
    """Four images of a folder, evenly spread over it."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder; --photos takes a folder of images")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _IMAGES)
    images = []
    for index in np.unique(np.linspace(0, len(files) - 1, _COLUMNS).astype(int)) if files else ():
        image = cv2.imread(str(files[index]), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{files[index]}: cannot be read as an image")
        images.append((f"{folder.name}/{files[index].relative_to(folder)}", np.asarray(image, np.uint8)))
    if not images:
        raise ConfigError(f"{folder}: holds no image ({', '.join(_IMAGES)}); --photos takes a folder of images")
    return images


def _chosen(preset: WorldPreset, seed: int, grey: bool) -> Iterator[Clip]:
    """Twelve clips, normal and abnormal ones by turns; all there are when there are fewer."""
    plans = plan_clips(preset)
    kinds = [[plan for plan in plans if plan.abnormal == flag] for flag in (False, True)]
    spread = []
    for kind in kinds:
        places = np.unique(np.linspace(0, len(kind) - 1, _COLUMNS * _ROWS // 2).astype(int))
        spread.append([kind[i] for i in places] if kind else [])
    for index in range(max(map(len, spread))):
        for kind in spread:
            if index < len(kind):
                yield Clip(preset, kind[index], seed, grey)


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


def _tubes(clip: Clip, number: int, window: list[tuple[Image, Image]]) -> list[Tube]:
    """Crops of the largest actors that are whole in view, with two pixels around them."""
    found = []
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
        crops = [np.asarray(cv2.resize(_coloured(image[box]), (_TUBE, _TUBE)), np.uint8) for image, _ in window]
        flag = any(owner in abnormal for owner in actor.owners)
        found.append((len(rows), Tube(actor.event, flag, crops)))
    found.sort(key=lambda pair: -pair[0])
    normal = [tube for _, tube in found if not tube.abnormal][:1]
    return normal + [tube for _, tube in found if tube.abnormal][:1]


def _described(clip: Clip) -> str:
    look = clip.scene.look
    air = ["fog"] * (look.weather.fog > 0) + ["rain"] * (look.weather.rain > 0)
    events = sorted({a.event for a in clip.actors if a.abnormal is not None}) if clip.plan.abnormal else ["normal"]
    return ", ".join([look.light.kind if look.light.sun is None else "sun", *air, *events])


def _column(tubes: list[Tube], abnormal: bool) -> Image:
    """Rows of crops beneath the names of their events, every event once before any twice."""
    wide = _FRAMES * _TUBE
    first = list({tube.event: tube for tube in reversed(tubes)}.values())[::-1]
    ordered = first + [tube for tube in tubes if not any(tube is other for other in first)]
    parts = [_text(wide, "abnormal tubes" if abnormal else "normal tubes")]
    for tube in ordered[:_TUBE_ROWS]:
        parts += [_text(wide, tube.event), np.hstack(tube.crops)]
    missing = _TUBE_ROWS - len(ordered[:_TUBE_ROWS])
    return np.vstack([*parts, _blank(missing * (_TUBE + _CAPTION), wide)])


def _row(cells: list[Image]) -> Image:
    gap = _blank(cells[0].shape[0], _GAP)
    return np.hstack([part for cell in cells for part in (cell, gap)][:-1])


def _fitted(image: Image) -> Image:
    """The picture in a cell, its proportions kept."""
    wide, high = _CELL
    scale = min(wide / image.shape[1], high / image.shape[0])
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    small = cv2.resize(_coloured(image), size, interpolation=cv2.INTER_AREA)
    cell = _blank(high, wide)
    cell[: size[1], (wide - size[0]) // 2 : (wide - size[0]) // 2 + size[0]] = small
    return cell


def _captioned(cell: Image, text: str) -> Image:
    return np.vstack([_text(cell.shape[1], text), cell])


def _text(wide: int, text: str) -> Image:
    strip = _blank(_CAPTION, wide)
    cv2.putText(strip, text[: wide // 6], (2, _CAPTION - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def _blank(high: int, wide: int) -> Image:
    return np.full((high, wide, 3), 255, np.uint8)


def _coloured(image: Image) -> Image:
    return image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
