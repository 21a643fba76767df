"""Reading data out of a pickle without executing it.

A pickle is a program: its GLOBAL and REDUCE instructions import and call whatever they name, so loading one from a
stranger runs the stranger's code. `read_plain` is not the pickle machine. It walks over the instructions with
`pickletools.genops`, which only decodes them, and acts out those that build lists, tuples, dictionaries, numbers,
text and NumPy arrays. Nothing is ever imported or called by name: the names that NumPy writes are plain markers here,
and what they stand for is done by `np.frombuffer` on a checked number type. Any other name or instruction is refused.
"""

import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from syrfa.errors import DetectionError

_MARKERS = {
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
    "__builtin__ bytes": "bytes",  # how protocols 0 to 2 write b""
    "numpy.core.multiarray _reconstruct": "reconstruct",
    "numpy.core.multiarray scalar": "scalar",
    "numpy.core.numeric _frombuffer": "frombuffer",
    "numpy._core.multiarray _reconstruct": "reconstruct",  # since NumPy 2
    "numpy._core.multiarray scalar": "scalar",
    "numpy._core.numeric _frombuffer": "frombuffer",
}
# instructions whose decoded operand is the value itself
_CONSTANTS = re.compile(r"(BIN)?INT[12]?|LONG[14]?|(BIN)?FLOAT|(SHORT_)?(BIN)?(STRING|UNICODE|BYTES)8?|BYTEARRAY8")
_VALUES: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NUMBER_TYPE = re.compile(r"[fiu][1248]|b1")
_OBJECT = 32  # bytes that an object counts for, at least; the shortest take one byte of a pickle
_FREE, _SHARE = 1 << 22, 40  # what a pickle may unfold to: 4 MB, and 40 times itself


class _Refused(Exception):
    """An instruction or operand outside the accepted ones."""


@dataclass
class _Marker:
    """A name that NumPy's pickles hold; stands for nothing but itself."""

    name: str


@dataclass
class _Type:
    """A number type under construction; `O8` is a list of objects."""

    code: str
    order: str = "<"

    def dtype(self) -> np.dtype[Any]:
        if not _NUMBER_TYPE.fullmatch(self.code) or self.order not in ("<", ">", "=", "|"):
            raise _Refused(f"an array of type {self.code!r}")
        return np.dtype(self.order + self.code)


@dataclass
class _Array:
    """An array under construction; the pickle fills it after it has been referred to."""

    value: Any = None


def read_plain(data: bytes) -> Any:  # noqa: ANN401 - whatever plain data the pickle holds
    """Reads a pickle of plain data.

    Args:
        data: a pickle of protocol 0 to 5.

    Returns:
        lists, tuples, dictionaries, numbers, text, bytes and NumPy arrays of numbers; an array of objects comes back
        as a list.

    Raises:
        DetectionError: the data is no pickle, is cut off, unfolds to far more than itself (a few hundred bytes can
            refer to the same list a billion times), or asks for anything else; nothing was executed.
    """
    machine = _Machine(_FREE + _SHARE * len(data))
    try:
        for opcode, argument, _ in pickletools.genops(data):
            machine.step(opcode.name, argument)
        if len(machine.stack) != 1:
            raise _Refused("more or less than one object")
        return machine.plain(machine.stack[0])
    except _Refused as error:
        raise DetectionError(f"the pickle holds {error}; only lists, numbers and number arrays are read") from error
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DetectionError(f"not a pickle of plain data, or cut off ({type(error).__name__})") from error


class _Machine:
    """A stack, the marks on it and the memo; `left` is what it may still unfold to, in bytes."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:  # noqa: ANN401 - decoded by pickletools
        if _CONSTANTS.fullmatch(name):
            self.stack.append(argument)
        elif name in _VALUES:
            self.stack.append(_VALUES[name]())
        elif name in _TUPLES:
            self.stack[-_TUPLES[name] :] = [tuple(self.stack[-_TUPLES[name] :])]
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = self.stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name == "GLOBAL":
            self.stack.append(_marker(argument))
        elif name not in ("PROTO", "FRAME", "STOP"):
            action = getattr(self, f"_{name.lower()}", None)
            if action is None:
                raise _Refused(f"the instruction {name}")
            action()

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _mark(self) -> None:
        self.marks.append(len(self.stack))

    def _pop(self) -> None:
        self.stack.pop()

    def _list(self) -> None:
        self.stack.append(self._since_mark())

    def _tuple(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _dict(self) -> None:
        items = self._since_mark()
        self.stack.append(dict(zip(items[::2], items[1::2], strict=True)))

    def _append(self) -> None:
        item = self.stack.pop()
        _as(list, self.stack[-1]).append(item)

    def _appends(self) -> None:
        items = self._since_mark()
        _as(list, self.stack[-1]).extend(items)

    def _setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _as(dict, self.stack[-1])[key] = value

    def _setitems(self) -> None:
        items = self._since_mark()
        _as(dict, self.stack[-1]).update(zip(items[::2], items[1::2], strict=True))

    def _stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_marker(f"{module} {name}"))

    def _reduce(self) -> None:
        arguments, marker = _as(tuple, self.stack.pop()), _as(_Marker, self.stack.pop())
        self.stack.append(self._counted(_make(marker.name, arguments)))

    def _build(self) -> None:
        state, target = _as(tuple, self.stack.pop()), self.stack[-1]
        if isinstance(target, _Type):
            target.order = state[1]
        else:
            _, shape, kind, fortran, content = state
            filled = _fill(shape, _as(_Type, kind), "F" if fortran else "C", content)
            _as(_Array, target).value = self._counted(filled)

    def _counted(self, value: Any) -> Any:  # noqa: ANN401 - whatever it is given
        """`value`, when there is room for it."""
        content = value.value if isinstance(value, _Array) else value
        self.left -= max(_OBJECT, content.nbytes if isinstance(content, np.ndarray) else _length(content))
        if self.left < 0:
            raise _Refused("the same data again and again")
        return value

    def plain(self, value: Any) -> Any:  # noqa: ANN401 - recursive
        """What the pickle holds, without the helpers above; what is referred to twice comes twice."""
        if isinstance(value, _Array):
            return self.plain(value.value)
        self._counted(value)
        if isinstance(value, list | tuple):
            return type(value)(self.plain(item) for item in value)
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, _Marker | _Type):
            raise _Refused("a reference where data is expected")
        return value


def _marker(name: str) -> _Marker:
    if name not in _MARKERS:
        raise _Refused(f"a reference to {name.replace(' ', '.')}")
    return _Marker(_MARKERS[name])


def _make(name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - one of the kinds above
    """What the call of a marked name yields; none of the names is looked up."""
    if name == "dtype":
        return _Type(str(arguments[0]))
    if name == "bytes" and not arguments:
        return b""
    if name == "encode":
        return _as(str, arguments[0]).encode("latin-1")
    if name == "reconstruct":
        return _Array()
    if name == "scalar":
        return np.frombuffer(_raw(arguments[1]), _as(_Type, arguments[0]).dtype())[0]
    if name == "frombuffer":
        content, kind, shape, order = arguments[:4]
        return _Array(_fill(shape, _as(_Type, kind), order, content))
    raise _Refused(f"a call of {name}")


def _fill(shape: tuple[int, ...], kind: _Type, order: str, content: Any) -> Any:  # noqa: ANN401 - bytes or a list
    if kind.code.startswith("O"):
        if len(shape) != 1:
            raise _Refused("an array of objects with more than one axis")
        return _as(list, content)
    return np.frombuffer(_raw(content), kind.dtype()).reshape(shape, order="F" if order == "F" else "C").copy()


def _raw(content: Any) -> bytes:  # noqa: ANN401 - checked here
    """The bytes of an array; Python 2 wrote them as text."""
    return content.encode("latin-1") if isinstance(content, str) else bytes(_as((bytes, bytearray), content))


def _as(kind: Any, value: Any) -> Any:  # noqa: ANN401 - `value`, seen to be of `kind`
    if not isinstance(value, kind):
        raise _Refused(f"an operand of type {type(value).__name__} in a wrong place")
    return value


def _length(value: Any) -> int:  # noqa: ANN401 - any value
    return len(value) if isinstance(value, str | bytes) else 0
