"""The Python that runs in a sandbox: one that the sandbox's user can read, with nothing but the standard library."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

_ASK = "import sys; print(sys.base_prefix, sys.version_info[0], sys.version_info[1], sep='\\n')"
_OLDEST = (3, 10)
_ELSEWHERE = ("/usr/bin/python3", "/usr/local/bin/python3", "/opt/python/bin/python3")


class Interpreter(Struct, frozen=True):
    """An installed CPython."""

    prefix: Path
    """Its folder, with bin/ and lib/ below."""
    version: str
    """`3.11`."""

    @property
    def program(self) -> Path:
        """The executable."""
        return self.prefix / "bin" / f"python{self.version}"


@lru_cache
def readable_interpreter(*, is_dropped: bool) -> Interpreter | None:
    """The harness's own interpreter, or one of the system's; None when there is none.

    `is_dropped` says that the sandbox runs as another user than this process, so that every folder on the way must be
    open to all: not so below /root.
    """
    for candidate in _candidates():
        if candidate.program.is_file() and (not is_dropped or is_open_to_all(candidate)):
            return candidate
    return None


def _candidates() -> list[Interpreter]:
    found = [Interpreter(Path(sys.base_prefix), f"{sys.version_info[0]}.{sys.version_info[1]}")]
    for path in _ELSEWHERE:
        if os.access(path, os.X_OK):
            done = subprocess.run(  # noqa: S603 - an interpreter of the system's
                [path, "-I", "-S", "-c", _ASK], capture_output=True, text=True, check=False, env={}
            )
            lines = done.stdout.split("\n")
            if done.returncode == 0 and (int(lines[1]), int(lines[2])) >= _OLDEST:
                found.append(Interpreter(Path(lines[0]), f"{lines[1]}.{lines[2]}"))
    return found


def is_open_to_all(interpreter: Interpreter) -> bool:
    """Whether any user may enter the folders and read the files that the interpreter needs."""
    library = interpreter.prefix / "lib" / f"python{interpreter.version}"
    needed = [interpreter.program.resolve(), library / "os.py", library / "lib-dynload"]
    return all(_is_open(path) for path in needed)


def _is_open(path: Path) -> bool:
    try:
        way = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
        return bool(way and path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
