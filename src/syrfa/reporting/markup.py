"""HTML made of escaped text: whatever a user, a file name or a result says can only ever be text."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

Html = str
"""Markup that is safe to stand in the page. Plain text becomes such by `text`."""


def text(value: object) -> Html:
    """Escapes what is to be read as text."""
    return escape(str(value), quote=True)


def tag(name: str, *children: Html, **attributes: object) -> Html:
    """One element around markup; attribute values are escaped.

    Args:
        name: of the element.
        children: markup.
        attributes: `class_` is `class`, an underscore is a hyphen; None leaves an attribute out.
    """
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{listed}>{''.join(children)}</{name}>"


def note(sentence: str) -> Html:
    """A sentence that explains, or says what is absent and why."""
    return tag("p", text(sentence), class_="note")


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[Html]], words: Sequence[int] = (0,), id_: str = ""
) -> Html:
    """A table in a box of its own that scrolls sideways; the first cell of a row is its heading.

    Args:
        caption: what the table says; read out, and shown above it.
        columns: headings, plain text.
        rows: cells, markup.
        words: the columns that hold words: aligned left. All others hold numbers.
        id_: of the table.
    """
    kind = ["w" if number in words else "n" for number in range(len(columns))]
    head = "".join(tag("th", text(name), scope="col", class_=k) for name, k in zip(columns, kind, strict=True))
    body = []
    for row in rows:
        cells = [tag("th", row[0], scope="row", class_=kind[0])]
        cells += [tag("td", cell, class_=k) for cell, k in zip(row[1:], kind[1:], strict=True)]
        body.append(tag("tr", *cells))
    whole = tag("caption", tag("span", text(caption))) + tag("thead", tag("tr", head)) + tag("tbody", *body)
    # focusable, so that it can be scrolled with the keyboard
    inner = tag("table", whole, id=id_ or None)
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def details(summary: str, *children: Html, open_: bool = False) -> Html:
    """A part that is folded away until it is asked for."""
    return f"<details{' open' if open_ else ''}>{tag('summary', text(summary))}{''.join(children)}</details>"


def picture(jpeg: bytes, alternative: str) -> Html:
    """A JPEG inside the page."""
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" alt="{text(alternative)}">'


def facts(content: dict[str, Any]) -> Html:
    """Names and values of JSON, nested as they are."""
    return tag("dl", *(tag("dt", text(key)) + tag("dd", _value(value)) for key, value in content.items()))


def _value(value: Any) -> Html:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return facts(value) if value else text("none")
    if isinstance(value, list):
        if not value:
            return text("none")
        if any(isinstance(item, dict | list) for item in value):
            return tag("ul", *(tag("li", _value(item)) for item in value))
        return text(", ".join(str(item) for item in value))
    if value is None:
        return text("none")
    if isinstance(value, bool):
        return text("yes" if value else "no")
    return text(f"{value:.6g}" if isinstance(value, float) else value)
