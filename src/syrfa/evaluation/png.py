"""Figures written as PNG without pyplot: no global state, no display, the same bytes for the same picture."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from syrfa.utils.files import atomic_write


def save_png(figure: Figure, path: Path, dpi: int = 150) -> None:
    """Draws `figure` and writes it to `path` atomically, at `dpi` pixels an inch."""
    FigureCanvasAgg(figure)
    with atomic_write(path) as file:
        # no Software tag: a picture that did not change keeps its bytes when only the version number did
        figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
