"""How much more fits into the page, and what was left out of it."""

import json
from typing import Any

from syrfa.report.page.markup import Html, note, tag


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
        if not self._fits(len(json.dumps(content, allow_nan=False))):
            return self.missing(f"{name[:1].upper()}{name[1:]} left out: the page is full. Report this run alone.")
        self.plots[key] = content
        return tag("div", class_="plot", data_plot=key)

    def part(self, markup: Html, name: str) -> Html:
        """A part that is large: itself, or a sentence that it was left out."""
        if not self._fits(len(markup.encode())):
            return self.missing(f"{name[:1].upper()}{name[1:]} left out: the page is full. Report this run alone.")
        return markup

    def missing(self, sentence: str) -> Html:
        """Says in the page, and to whoever wrote it, what is not shown."""
        self.absent.append(sentence)
        return note(sentence)

    def _fits(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True
