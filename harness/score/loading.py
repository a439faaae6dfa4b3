"""Python objects that a suite file names: `file.py:name` or `package.module:name`."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.score.options import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMS = "allowed: file.py:function, relative to the suite file, or package.module:function"


def load_object(name: str, folder: Path) -> object:
    """What `name` stands for, files sought from `folder`; OptionError when it cannot be loaded."""
    source, _, attribute = name.rpartition(":")
    if not source or not attribute.isidentifier():
        raise OptionError(f"metric '{name}' names no function; {_FORMS}")
    module = _module(name, source, folder)
    try:
        return getattr(module, attribute)
    except AttributeError:
        public = sorted(each for each in vars(module) if not each.startswith("_"))
        raise OptionError(
            f"metric '{name}': {source} has no '{attribute}'; {_FORMS}.{suggestion(attribute, public)}"
        ) from None


def _module(name: str, source: str, folder: Path) -> ModuleType:
    try:
        with _importable(folder):
            return _file_module(name, folder / source) if source.endswith(".py") else importlib.import_module(source)
    except OptionError:
        raise
    except (Exception, SystemExit) as error:
        raise OptionError(f"metric '{name}': {source} cannot be loaded: {_described(error)}; mend it") from error


def _file_module(name: str, path: Path) -> ModuleType:
    """The file as a module; loaded once for each state of its content."""
    if not path.is_file():
        raise OptionError(f"metric '{name}': there is no file {path}; {_FORMS}")
    content = path.read_bytes()
    identity = str(path.resolve()).encode("utf-8", "surrogateescape") + b"\0" + content
    module_name = f"prompt_suite_own_{sha256(identity).hexdigest()[:16]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    module = ModuleType(module_name)
    module.__file__ = str(path)
    sys.modules[module_name] = module  # dataclasses and pickle look their module up there
    try:
        # not through the import system, whose cached bytecode cannot tell two edits within a second
        exec(compile(content, str(path), "exec"), vars(module))  # noqa: S102 - the user's own file, named in the suite
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What lies beside the suite file can be imported while its own code loads."""
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)


def _described(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    return " ".join(f"{type(error).__name__}: {error}".split())
