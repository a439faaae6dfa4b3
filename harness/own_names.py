"""Whether a file defines a name, told from its text: nothing of it is run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from pathlib import Path


def check_defined(path: Path, name: str, *, where: str) -> None:
    """Nothing, when the Python file at `path` binds `name` anywhere, or may do so in a way that its text does not tell.

    Raises:
        OptionError: it is no Python, or binds no such name; the text begins with `where`.

    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        line = "" if error.lineno is None else f", line {error.lineno}"
        raise OptionError(f"{where}: {path.name} is not valid Python{line} ({error.msg}); mend the file") from None
    except (OSError, ValueError, RecursionError, MemoryError):
        return  # told when it is loaded
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    if name in bound or bound & {"*", "__getattr__"}:
        return
    public = sorted(each for each in bound if not each.startswith("_"))
    meant = did_you_mean(name, public)
    raise OptionError(f"{where}: {path.name} has no '{name}'; it has: {listed(public)}.{meant}".rstrip("."))
