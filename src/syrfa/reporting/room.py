"""How much more fits into the page, and what was left out of it."""

import json
from typing import Any

from syrfa.reporting.markup import Html, note, tag

_FRAME = 400  # bytes of the markup around a curve


class Room:
    """Takes curves, pictures and listings as long as the page has room.

    Args:
        size: bytes.

    Attributes:
        plots: the data of the curves, by key.
        absent: sentences on what is not shown.
    """

    def __init__(self, size: int) -> None:
        self.left = size
        self.plots: dict[str, Any] = {}
        self.absent: list[str] = []

    def plot(self, key: str, content: dict[str, Any], name: str) -> Html:
        """The place of a curve; its data stand elsewhere in the page.

        Args:
            key: unique in the page.
            content: JSON.
            name: what it shows, for the sentence that says it was left out.
        """
        places = self.all_plots({key: content}, name)
        return places if isinstance(places, str) else places[0]

    def all_plots(self, contents: dict[str, dict[str, Any]], name: str) -> list[Html] | Html:
        """The places of curves that belong together; a single sentence where not all of them fit."""
        if not self._fits(sum(len(json.dumps(content, allow_nan=False)) + _FRAME for content in contents.values())):
            return self._full(name)
        self.plots |= contents
        return [tag("div", class_="plot", data_plot=key) for key in contents]

    def part(self, markup: Html, name: str) -> Html:
        """A part that is large: itself, or a sentence that it was left out."""
        if not self._fits(len(markup.encode())):
            return self._full(name)
        return markup

    def missing(self, sentence: str) -> Html:
        """Says in the page, and to whoever wrote it, what is not shown."""
        self.absent.append(sentence)
        return note(sentence)

    def _full(self, name: str) -> Html:
        return self.missing(f"{name[:1].upper()}{name[1:]} left out: the page is full; report fewer runs at a time.")

    def _fits(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True
