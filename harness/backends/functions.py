"""Functions that a suite names: `file.py:function`, relative to its folder, or `package.module:function`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.backends.one_line import one_line
from harness.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_FORMS = "allowed: file.py:function, relative to the suite's folder, or package.module:function"


def load_function(name: str, folder: Path) -> Callable[..., Any]:
    """The function that `name` stands for.

    A file is loaded under a name made of its path and content, so that two suites may each have an `app.py`. While it
    loads (not later: import at the top of the file) modules beside it can be imported by their plain names.

    Raises:
        OptionError: it is not there, cannot be loaded, or is no function.

    """
    source, attribute = _parts(name)
    module = _module(name, source, folder)
    found = getattr(module, attribute, None)
    if found is None:
        near = get_close_matches(attribute, [each for each in vars(module) if not each.startswith("_")], n=1)
        hint = f". Did you mean '{near[0]}'?" if near else ""
        raise OptionError(f"function '{name}': {source} has no '{attribute}'; {_FORMS}{hint}", "function")
    if not callable(found):
        raise OptionError(
            f"function '{name}' is a {type(found).__name__}; a function (messages) -> text is needed", "function"
        )
    return found  # type: ignore[no-any-return]  # callable() narrows to Callable[..., object]


def source_sha256(name: str, folder: Path) -> str:
    """SHA-256 (hex) of the file that holds the function; nothing of it is run.

    Raises:
        OptionError: the name is not of one of the two forms, or the file or module is not there.

    """
    source, _ = _parts(name)
    path = folder / source if source.endswith(".py") else _origin(name, source, folder)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise OptionError(
            f"function '{name}': {path} cannot be read ({error.strerror}); {_FORMS}", "function"
        ) from error


def _parts(name: str) -> tuple[str, str]:
    source, _, attribute = name.rpartition(":")
    if not source or not attribute.isidentifier():
        raise OptionError(f"function '{name}' names no function; {_FORMS}", "function")
    return source, attribute


def _origin(name: str, module: str, folder: Path) -> Path:
    """File of a module, found without running it; a package above it is looked for by path, not imported."""
    first, *rest = module.split(".")
    with _importable(folder):
        try:
            found = importlib.util.find_spec(first)
        except (ImportError, ValueError):
            found = None
    for part in rest:
        places = list(found.submodule_search_locations or ()) if found else []
        found = importlib.machinery.PathFinder.find_spec(part, places)
    if found is None or not found.origin or found.origin in ("built-in", "frozen"):
        raise OptionError(f"function '{name}': there is no module '{module}'; {_FORMS}", "function")
    return Path(found.origin)


def _module(name: str, source: str, folder: Path) -> ModuleType:
    try:
        with _importable(folder):
            return _file_module(name, folder / source) if source.endswith(".py") else importlib.import_module(source)
    except OptionError:
        raise
    except (Exception, SystemExit) as error:
        what = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else one_line(str(error))
        raise OptionError(
            f"function '{name}': {source} cannot be loaded: {type(error).__name__}: {what}; mend it", "function"
        ) from error


def _file_module(name: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise OptionError(f"function '{name}': there is no file {path}; {_FORMS}", "function")
    identity = str(path.resolve()).encode("utf-8", "surrogateescape") + b"\0" + path.read_bytes()
    module_name = f"prompt_suite_callable_{hashlib.sha256(identity).hexdigest()[:16]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise OptionError(f"function '{name}': {path} is no Python file; {_FORMS}", "function")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses and pickle look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What lies in `folder` can be imported by its plain name meanwhile, even if another suite has one of that name."""
    entry = str(folder)
    elsewhere = {name: module for name, module in sys.modules.items() if _shadows(name, module, folder)}
    for name in elsewhere:
        del sys.modules[name]
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.modules.update(elsewhere)
        if entry in sys.path:
            sys.path.remove(entry)


def _shadows(name: str, module: object, folder: Path) -> bool:
    """Whether the loaded `module` is another suite's, of the name of one that lies in `folder`."""
    first = name.partition(".")[0]
    if first in sys.stdlib_module_names or not first.isidentifier():
        return False
    origin = getattr(module, "__file__", None)
    here = (folder / f"{first}.py").is_file() or (folder / first / "__init__.py").is_file()
    return here and origin is not None and folder not in Path(origin).parents
