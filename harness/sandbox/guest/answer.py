"""The process of the answer: it runs the program, and then what the tests call. It knows nothing of the tests.

Whatever the program does to this process, all that leaves it is plain data: what the program could have returned.
"""

from __future__ import annotations

import posix
import sys

from . import channel, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALLED_BY_NAME = ("getattr", "setattr", "iter", "len", "bool", "str", "repr", "getitem", "setitem", "float", "int")


class Objects(wire.Owned):
    """The program's own objects, by number, and what stands for functions of the tests."""

    def __init__(self, serve: Server) -> None:
        """`serve` reaches the functions of the tests."""
        self._held: list[Any] = []
        self._serve = serve

    def hold(self, value: Any) -> tuple[str, int]:
        """C for a class, f for a function, o for any other object, and its number."""
        self._held.append(value)
        is_class = isinstance(value, type)
        return ("C" if is_class else "f" if callable(value) else "o"), len(self._held) - 1

    def release(self, kind: str, number: int) -> Any:
        """The object of this number, or what calls the tests' function of this number."""
        if kind == "b":
            return lambda *args: self._serve.call_back(number, args)
        return self._held[number]


class Server:
    """Answers what the checker asks, one question after the other."""

    def __init__(self, questions: int, replies: int) -> None:
        """Descriptors to read questions from, and to write replies to."""
        self._questions, self._replies = questions, replies
        self._objects = Objects(self)
        self._names: dict[str, Any] = {}
        self._source = ""

    def serve(self) -> None:
        """Until nobody asks any more."""
        while (message := channel.receive(self._questions)) is not None:
            verb, *rest = wire.unpack(message, self._objects)
            self._reply(*self._answer(verb, rest))

    def _reply(self, *reply: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # noqa: BLE001, S110 - the program may have closed or replaced it
                pass
        try:
            message = wire.pack(reply, self._objects)
        except Exception as error:  # noqa: BLE001 - the program's own objects may raise anything
            message = wire.pack(("unfit", type(error).__name__, str(error)[:500]))
        channel.send(self._replies, message)

    def _answer(self, verb: str, rest: list[Any]) -> tuple[Any, ...]:
        try:
            if verb == "parse":
                return self._parse(*rest)
            if verb == "run":
                return self._run(*rest)
            return self._ask(*rest)
        except SystemExit as error:
            return ("exit", error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
        except BaseException as error:  # noqa: BLE001 - the program may raise anything
            return ("raised", *_told(error, self._source))

    def _parse(self, source: str, name: str) -> tuple[Any, ...]:
        try:
            self._code = compile(source, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            return ("syntax", getattr(error, "lineno", None) or 0, f"{type(error).__name__}: {error}"[:500])
        self._source = source
        return ("value", None)

    def _run(self, module: str) -> tuple[Any, ...]:
        program = type(sys)(module)
        sys.modules[module] = program
        self._names = program.__dict__
        exec(self._code, self._names)  # noqa: S102 - that is what this process is for
        return ("value", [name for name in self._names if isinstance(name, str) and not name.startswith("__")])

    def _ask(self, what: str, target: Any, args: list[Any], *kwargs: dict[str, Any]) -> tuple[Any, ...]:
        if what == "name":
            return ("value", *_described(self._names[target]))
        if what == "call":
            value = target(*args, **kwargs[0])
            return ("value", value, [arg for arg in args if isinstance(arg, list | dict | set | bytearray)])
        assert what in _CALLED_BY_NAME
        if what in ("getitem", "setitem"):
            return ("value", target[args[0]] if what == "getitem" else target.__setitem__(*args))
        import builtins

        return ("value", getattr(builtins, what)(target, *args))

    def call_back(self, number: int, args: tuple[Any, ...]) -> Any:
        """What a function of the tests gives for these arguments."""
        self._reply("back", number, list(args))
        message = channel.receive(self._questions)
        if message is None:
            posix._exit(1)
        done, value = wire.unpack(message, self._objects)
        if done:
            return value
        raise RuntimeError(value)


def _described(value: Any) -> tuple[str, str, Any]:
    """A module or what a module of the standard library defines, by its name; else the value."""
    if isinstance(value, type(sys)):
        return ("module", value.__name__, value)
    home = getattr(value, "__module__", None)
    own = getattr(value, "__qualname__", None)
    if isinstance(home, str) and isinstance(own, str) and home.partition(".")[0] in sys.stdlib_module_names:
        return ("library", f"{home}:{own}", value)
    return ("own", "", value)


def _told(error: BaseException, source: str) -> tuple[str, str, str]:
    """Name of the nearest exception of Python's own, text, and the traceback within the program."""
    import builtins

    names = [kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind]
    name = names[0] if names else "Exception"
    try:
        import linecache
        import traceback

        linecache.cache["<answer>"] = (len(source), None, source.splitlines(keepends=True), "<answer>")
        frames = traceback.extract_tb(error.__traceback__)
        kept = [frame for frame in frames if frame.filename.startswith("<")]
        lines = traceback.format_list(kept[-5:]) + traceback.format_exception_only(error)
        return (name, str(error)[:500], "".join(lines)[-2000:])
    except Exception:  # noqa: BLE001 - the program's own exception may raise when it is shown
        return (name, "", type(error).__name__[:100])
