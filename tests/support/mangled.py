"""Files that are nearly right, for fuzzing readers, and what a reader may do with them."""

import re
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from syrfa.errors import UserError

SECONDS, BYTES = 5, 1 << 25
WIDE = (0, 1, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1)
TEXT = (
    "",
    "0",
    "-1",
    "9" * 9,
    "9" * 18,
    "9" * 40,
    "1e308",
    "1e999",
    "nan",
    "0x10",
    "9" * 5000,
    " ",
    "\n",
    "[",
    "(" * 300,
)


def edited(content: bytes, edit: tuple[str, int, Any]) -> bytes:
    """One change to a file."""
    kind, position, value = edit
    at = position % (len(content) + 1)
    if kind == "flip":
        return content[:at] + bytes([byte ^ value for byte in content[at : at + 1]]) + content[at + 1 :]
    if kind == "cut":
        return content[:at]
    if kind == "insert":
        return content[:at] + value + content[at:]
    if kind == "drop":
        return content[:at] + content[at + value :]
    if kind == "repeat":
        return content[:at] + content[at : at + 64] * value + content[at + 64 :]
    if kind == "claim":  # a number wherever a length or a size may stand
        size, number, order = value
        return content[:at] + (number % 256**size).to_bytes(size, order) + content[at + size :]
    numbers = list(re.finditer(rb"\d+", content))
    if not numbers:
        return content
    match = numbers[position % len(numbers)]
    return content[: match.start()] + value.encode() + content[match.end() :]


def mangled(content: bytes) -> st.SearchStrategy[bytes]:
    """One to four changes to a file that is right."""
    place = st.integers(0, len(content) + 8)
    edit = st.one_of(
        st.tuples(st.just("flip"), place, st.integers(1, 255)),
        st.tuples(st.just("cut"), place, st.none()),
        st.tuples(st.just("insert"), place, st.binary(min_size=1, max_size=12)),
        st.tuples(st.just("drop"), place, st.integers(1, 40)),
        st.tuples(st.just("repeat"), place, st.integers(2, 50)),
        st.tuples(
            st.just("claim"),
            place,
            st.tuples(st.sampled_from([2, 4, 8]), st.sampled_from(WIDE), st.sampled_from(["little", "big"])),
        ),
        st.tuples(st.just("number"), st.integers(0, 50), st.sampled_from(TEXT)),
    )

    def apply(edits: list[tuple[str, int, Any]]) -> bytes:
        changed = content
        for one in edits:
            changed = edited(changed, one)
        return changed

    return st.lists(edit, min_size=1, max_size=4).map(apply)


def survives(read: Callable[[], Any], seconds: float = SECONDS, memory: int = BYTES) -> str | None:
    """Reads a file that may be anything, in bounded time of the processor and bounded memory.

    Returns:
        the line of the refusal; None when the file was accepted. Any other exception is let through.
    """
    tracemalloc.start()
    begun = time.process_time()
    line = None
    try:
        read()
    except UserError as error:
        line = str(error)
        assert line
        assert "\n" not in line
    finally:
        spent = time.process_time() - begun
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert spent < seconds, f"{spent:.1f} s"
    assert highest < memory, f"{highest:,} bytes"
    return line
