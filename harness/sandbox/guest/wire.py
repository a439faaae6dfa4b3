"""Plain data ↔ bytes, for processes that do not trust each other.

Decoding makes nothing but values of Python's own types: numbers, texts, containers, dates. What a program defines
itself crosses as a number by which its owner knows it.
"""

from __future__ import annotations

import _struct as struct  # what struct is made of
from _collections import deque  # type: ignore[import-not-found]  # what collections takes it from

TYPE_CHECKING = False  # importing typing, enum or re costs more than a small program
if TYPE_CHECKING:
    from typing import Any

DEEPEST = 60
"""Containers within containers."""
LONGEST = 1 << 24
"""Bytes of one message."""
_MOST_DRAWN = 100_000
"""Values drawn from an iterator: it may have no end."""
_SEQUENCES = {"l": list, "t": tuple, "S": set, "z": frozenset, "q": deque, "I": iter}
_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, range, set, str, tuple)
}


class NotPlainError(Exception):
    """A value cannot cross."""


class MessageError(Exception):
    """Bytes that are no message."""


class Owned:
    """An object of this side: what stands for it crosses."""

    def hold(self, value: Any) -> tuple[str, int]:
        """A kind of one letter, and a number by which `release` knows the value; NotPlainError when it may not."""
        raise NotPlainError(f"a {type(value).__name__} is no plain data")

    def release(self, kind: str, number: int) -> Any:
        """The value, or what stands for the other side's; MessageError when there is none."""
        raise MessageError(f"no object {kind}{number}")


class Writer:
    """One message in the making."""

    def __init__(self, owned: Owned) -> None:
        """`owned` says what stands for values that are not plain."""
        self._owned = owned
        self._parts: list[bytes] = []
        self._size = 0

    def bytes_of(self, value: Any) -> bytes:
        """The value's bytes; NotPlainError when it is too deep, too large or not plain."""
        self._add(value, 0)
        return b"".join(self._parts)

    def _put(self, tag: str, body: bytes = b"") -> None:
        self._size += len(body) + 5
        if self._size > LONGEST:
            raise NotPlainError(f"it is larger than {LONGEST:,} bytes")
        self._parts.append(tag.encode() + struct.pack("<I", len(body)) + body)

    def _add(self, value: Any, depth: int) -> None:
        if depth > DEEPEST:
            raise NotPlainError(f"it is more than {DEEPEST} levels deep")
        if not self._add_scalar(value) and not self._add_container(value, depth):
            self._add_rest(value, depth)

    def _add_scalar(self, value: Any) -> bool:
        if value is None:
            self._put("N")
        elif isinstance(value, bool):
            self._put("T" if value else "F")
        elif isinstance(value, int):
            self._put("i", b"%x" % int(value))
        elif isinstance(value, float):
            self._put("f", struct.pack("<d", value))
        elif isinstance(value, complex):
            self._put("c", struct.pack("<dd", value.real, value.imag))
        elif isinstance(value, str):
            self._put("s", str.encode(value, "utf-8", "surrogatepass"))
        elif isinstance(value, bytes | bytearray):
            self._put("b" if isinstance(value, bytes) else "B", bytes(value))
        else:
            return False
        return True

    def _add_container(self, value: Any, depth: int) -> bool:
        for tag, kind in (("l", list), ("t", tuple), ("S", set), ("z", frozenset), ("q", deque)):
            if isinstance(value, kind):
                self._sequence(tag, list(value), depth)
                return True
        if isinstance(value, dict):
            self._put("d", struct.pack("<I", len(value)))
            for key, item in list(value.items()):
                self._add(key, depth + 1)
                self._add(item, depth + 1)
            return True
        return False

    def _sequence(self, tag: str, items: list[Any], depth: int) -> None:
        self._put(tag, struct.pack("<I", len(items)))
        for item in items:
            self._add(item, depth + 1)

    def _add_rest(self, value: Any, depth: int) -> None:
        if isinstance(value, range):
            self._sequence("r", [value.start, value.stop, value.step], depth)
        elif isinstance(value, type) and _TYPES.get(value.__name__) is value:
            self._put("Y", value.__name__.encode())
        elif (stated := _stated(value)) is not None:
            self._sequence("D", list(stated), depth)
        elif type(value).__name__ in ("dict_keys", "dict_items"):
            self._sequence("S", list(value), depth)
        elif _is_stream(value):
            self._sequence("I", _drawn(value), depth)
        else:
            kind, number = self._owned.hold(value)
            self._put("R", kind.encode() + b"%d" % number)


def _is_stream(value: Any) -> bool:
    kind = type(value)
    known = ("generator", "dict_values", "map", "filter", "zip", "enumerate", "reversed")
    return kind.__name__ in known or (kind.__module__ in ("builtins", "itertools") and hasattr(kind, "__next__"))


def _drawn(value: Any) -> list[Any]:
    items: list[Any] = []
    for item in value:
        if len(items) == _MOST_DRAWN:
            raise NotPlainError(f"it yields more than {_MOST_DRAWN:,} values")
        items.append(item)
    return items


def _stated(value: Any) -> tuple[Any, ...] | None:
    """A Decimal, Fraction or date as what makes it anew; None for anything else."""
    kind = (type(value).__module__, type(value).__name__)
    if kind == ("decimal", "Decimal"):
        return ("Decimal", str(value))
    if kind == ("fractions", "Fraction"):
        return ("Fraction", value.numerator, value.denominator)
    if kind == ("datetime", "timedelta"):
        return ("timedelta", value.days, value.seconds, value.microseconds)
    if kind in (("datetime", "date"), ("datetime", "datetime"), ("datetime", "time")):
        return (kind[1], value.isoformat())
    return None


def _made(stated: list[Any]) -> Any:
    name, *parts = stated
    if name == "Decimal":
        from decimal import Decimal

        return Decimal(*parts)
    if name == "Fraction":
        from fractions import Fraction

        return Fraction(*parts)
    if name == "timedelta":
        from datetime import timedelta

        return timedelta(*parts)
    if name in ("date", "datetime", "time"):
        import datetime as dt

        return getattr(dt, name).fromisoformat(*parts)
    raise MessageError(f"nothing is called {name!r}")


class Reader:
    """One message, read."""

    def __init__(self, message: bytes, owned: Owned) -> None:
        """`owned` gives what stands for values that are not plain."""
        self._message = message
        self._at = 0
        self._owned = owned

    def value(self) -> Any:
        """The value; MessageError when the bytes are no message."""
        try:
            found = self._next(0)
        except MessageError:
            raise
        except Exception as error:  # noqa: BLE001 - whoever wrote the bytes may mean harm
            raise MessageError(type(error).__name__) from None
        if self._at != len(self._message):
            raise MessageError("more than one value")
        return found

    def _next(self, depth: int) -> Any:
        if depth > DEEPEST + 1:
            raise MessageError("too deep")
        tag = chr(self._message[self._at])
        (size,) = struct.unpack_from("<I", self._message, self._at + 1)
        begin = self._at + 5
        self._at = begin + size
        if self._at > len(self._message):
            raise MessageError("cut off")
        body = self._message[begin : self._at]
        if tag in "ltSzqIrDd":
            return self._container(tag, struct.unpack("<I", body)[0], depth)
        return self._scalar(tag, body)

    def _container(self, tag: str, size: int, depth: int) -> Any:
        if tag == "d":
            pairs = [(self._next(depth + 1), self._next(depth + 1)) for _ in range(size)]
            return dict(pairs)
        items = [self._next(depth + 1) for _ in range(size)]
        if tag == "r":
            return range(*items)
        return _made(items) if tag == "D" else _SEQUENCES[tag](items)

    def _scalar(self, tag: str, body: bytes) -> Any:  # noqa: PLR0911 - a value each
        if tag in "NTF":
            return {"N": None, "T": True, "F": False}[tag]
        if tag == "i":
            return int(body, 16)
        if tag == "f":
            return struct.unpack("<d", body)[0]
        if tag == "c":
            return complex(*struct.unpack("<dd", body))
        if tag == "s":
            return body.decode("utf-8", "surrogatepass")
        if tag in "bB":
            return body if tag == "b" else bytearray(body)
        if tag == "Y":
            return _TYPES[body.decode()]
        if tag == "R":
            return self._owned.release(chr(body[0]), int(body[1:]))
        raise MessageError(f"no value begins with {tag!r}")


def pack(value: Any, owned: Owned | None = None) -> bytes:
    """The value as a message with its length before it; NotPlainError when it cannot cross."""
    body = Writer(owned or Owned()).bytes_of(value)
    return struct.pack("<I", len(body)) + body


def unpack(body: bytes, owned: Owned | None = None) -> Any:
    """The value of a message without its length; MessageError when the bytes are none."""
    return Reader(body, owned or Owned()).value()
