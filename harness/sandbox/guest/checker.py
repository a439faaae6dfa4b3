"""The process of the checks: it runs the tests, and asks the process of the answer for every value.

Nothing of the answer runs here. A comparison is made here, of plain data, so that no object of the answer is asked
whether it is equal to what is expected.
"""

from __future__ import annotations

import builtins
import sys

from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_LONGEST_SHOWN = 200
_NOT_PLAIN = "the program returned {what}, and a test can only judge plain data"


class GoneError(BaseException):
    """The process of the answer has ended, or what it sent is no reply."""


class ExitedError(BaseException):
    """The program asked to end."""

    def __init__(self, code: int) -> None:
        """`code` is the one it asked for."""
        self.code = code
        super().__init__(f"the program exited with code {code}")


class AnswerError(Exception):
    """The program raised something that Python's own exceptions do not name."""


class Objects(wire.Owned):
    """Functions of the tests by number, and what stands for the program's objects."""

    def __init__(self, line: Line) -> None:
        """`line` leads to the other process."""
        self.functions: list[Callable[..., Any]] = []
        self._line = line

    def hold(self, value: Any) -> tuple[str, int]:
        """A remote object as itself; a function of the tests by a number."""
        if isinstance(value, Remote):
            return ("o", object.__getattribute__(value, "_number"))
        if callable(value):
            self.functions.append(value)
            return ("b", len(self.functions) - 1)
        raise wire.NotPlainError(f"a {type(value).__name__} is no plain data")

    def release(self, kind: str, number: int) -> Any:
        """What stands for an object of the program."""
        if kind not in ("C", "f", "o"):
            raise wire.MessageError(f"no object {kind}{number}")
        return Remote(self._line, number, kind)


class Line:
    """Questions to the process of the answer."""

    def __init__(self, ask: Callable[[bytes], bytes], *, is_strict: bool) -> None:
        """`ask` sends a message and gives the reply; when strict, only plain data may be returned."""
        self._send = ask
        self.is_strict = is_strict
        self.objects = Objects(self)
        self.traceback = ""
        self.last: tuple[Any, ...] = ()
        """What was called last, and what came back."""

    def ask(self, *question: Any) -> list[Any]:
        """What is replied; raises what the program raised."""
        message = wire.pack(list(question), self.objects)
        while True:
            kind, *rest = self._read(message)
            if kind != "back":
                break
            message = wire.pack(self._called_back(*rest), self.objects)
        if kind == "value":
            return rest
        if kind == "exit":
            raise ExitedError(int(rest[0]))
        if kind == "raised":
            name, text, self.traceback = (str(part) for part in rest)
            raise _raised(name, text)
        if kind == "unfit":
            raise TypeError(_NOT_PLAIN.format(what=f"what cannot be told: {rest[0]}: {rest[1]}"))
        raise GoneError(f"a reply of kind {kind!r}")

    def parse(self, source: str) -> tuple[int, str] | None:
        """Line and reason when the program is no Python."""
        kind, *rest = self._read(wire.pack(["parse", source, "<answer>"]))
        return (int(rest[0]), str(rest[1])) if kind == "syntax" else None

    def _read(self, message: bytes) -> tuple[Any, ...]:
        try:
            reply = wire.unpack(self._send(message), self.objects)
        except wire.MessageError as error:
            raise GoneError(f"what it sent is no reply: {error}") from None
        if not isinstance(reply, tuple) or not reply or not isinstance(reply[0], str):
            raise GoneError("what it sent is no reply")
        return reply

    def _called_back(self, number: int, args: list[Any]) -> list[Any]:
        try:
            value = self.objects.functions[number](*args)
            wire.pack(value, self.objects)
        except Exception as error:  # noqa: BLE001 - the tests' own function
            return [False, f"{type(error).__name__}: {error}"[:500]]
        return [True, value]


def _raised(name: str, text: str) -> Exception:
    kind = getattr(builtins, name, None)
    if kind in (StopIteration, StopAsyncIteration):  # it would end the tests' own loop (PEP 479)
        return RuntimeError(f"it raised {name}")
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(text)
        except TypeError:
            pass
    return AnswerError(f"{name}: {text}")


class Remote:
    """Stands for an object of the program: can be called, and asked for what it holds, never whether it is equal.

    Arithmetic, comparisons and `in` would hand the object what is expected of it, so that it could agree to anything.
    """

    __slots__ = ("_kind", "_line", "_number")

    def __init__(self, line: Line, number: int, kind: str) -> None:
        """`kind` is C for a class, f for a function, o for any other object."""
        object.__setattr__(self, "_line", line)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_kind", kind)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the program's object returns; arguments that it changed are changed here too."""
        line = object.__getattribute__(self, "_line")
        value, changed = line.ask("ask", "call", self, list(args), kwargs)
        line.last = (args, value)
        given = [arg for arg in args if isinstance(arg, list | dict | set | bytearray)]
        for mine, theirs in zip(given, changed, strict=True):
            _take_over(mine, theirs)
        if line.is_strict and isinstance(value, Remote):
            raise TypeError(_NOT_PLAIN.format(what="an object of its own"))
        return value

    def _asked(self, what: str, *args: Any) -> Any:
        return object.__getattribute__(self, "_line").ask("ask", what, self, list(args), {})[0]

    def __getattr__(self, name: str) -> Any:
        """The attribute's value."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._asked("getattr", name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set it over there."""
        Remote._asked(self, "setattr", name, value)

    def __getitem__(self, key: Any) -> Any:
        """The item."""
        return self._asked("getitem", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set it over there."""
        self._asked("setitem", key, value)

    def __iter__(self) -> Iterator[Any]:
        """Its items."""
        found = self._asked("iter")
        return iter(() if isinstance(found, Remote) else found)

    def __len__(self) -> int:
        """As it says."""
        return int(self._asked("len"))

    def __bool__(self) -> bool:
        """As it says."""
        return True if object.__getattribute__(self, "_kind") != "o" else bool(self._asked("bool"))

    def __str__(self) -> str:
        """As it says."""
        return str(self._asked("str"))

    def __repr__(self) -> str:
        """As it says."""
        return str(self._asked("repr"))


def last_told(line: Line) -> str:
    """What was called last, and what came back, for people; empty when nothing was."""
    return f"; with {_shown(line.last[0])} it returned {_shown(line.last[1])}" if line.last else ""


def _shown(value: Any) -> str:
    try:
        text = "an object of its own" if isinstance(value, Remote) else repr(value)
    except Exception as error:  # noqa: BLE001 - a number too long to be written, an object that cannot show itself
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _take_over(mine: Any, theirs: Any) -> None:
    """Make an argument what the program made of it."""
    if type(mine) is not type(theirs) or mine == theirs:
        return
    if isinstance(mine, list | bytearray):
        mine[:] = theirs
    else:
        mine.clear()
        mine.update(theirs)


def bound_names(line: Line, names: list[str], wanted: set[str], *, entry: str | None = None) -> dict[str, Any]:
    """What the tests may call by name, of what the program defines; never a name that Python itself has."""
    bound = {}
    for name in names:
        if isinstance(name, str) and name in wanted and not hasattr(builtins, name):
            kind, found_at, value = line.ask("ask", "name", name, [], {})
            is_shared = kind != "own" and name != entry and _leaf(str(found_at)) == name
            bound[name] = _library(str(found_at), name) if is_shared else value
    return bound


def _leaf(found_at: str) -> str:
    return found_at.replace(":", ".").rpartition(".")[2]


def _library(found_at: str, name: str) -> Any:
    """A module of the standard library, or what it defines under this very name, as this process has it."""
    import importlib

    home, _, path = found_at.partition(":")
    is_known = home.partition(".")[0] in sys.stdlib_module_names
    if not is_known or (path or home).rpartition(".")[2] != name:
        raise GoneError(f"{name!r} is {found_at!r}, and the tests know nothing of that name")
    found = importlib.import_module(home)
    for part in path.split(".") if path else ():
        found = getattr(found, part)
    return found
