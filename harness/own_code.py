"""The user's own code that a file names: `file.py:name`, relative to that file, or `package.module:name`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.wording import described_error, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADING = threading.RLock()
"""Two modules cannot load at once: what can be imported while one does is a matter of the whole interpreter."""
_FORMS = "allowed: file.py:{thing}, relative to the file that names it, or package.module:{thing}"


def load_object(name: str, folder: Path, *, kind: str) -> object:
    """What `name` stands for, files sought from `folder`; messages begin with `kind`, such as `metric`.

    A file is loaded under a name made of its path and content, so that two suites may each have an `app.py`. While it
    loads (not later: import at the top of the file) modules beside it can be imported by their plain names.

    Raises:
        OptionError: it is not there, or cannot be loaded.

    """
    source, attribute = _parts(name, kind)
    with _LOADING:
        module = _module(name, folder, kind)
    try:
        return getattr(module, attribute)
    except AttributeError:
        public = [each for each in vars(module) if not each.startswith("_")]
        meant = did_you_mean(attribute, sorted(public))
        raise OptionError(
            f"{kind} '{name}': {source} has no '{attribute}'; {_forms(kind)}.{meant}".rstrip(".")
        ) from None


def source_sha256(name: str, folder: Path, *, kind: str) -> str:
    """SHA-256 (hex) of the file that holds what `name` stands for; nothing of it is run.

    Raises:
        OptionError: the name is of neither form, or the file or module is not there.

    """
    source, _ = _parts(name, kind)
    path = folder / source if source.endswith(".py") else _origin(name, folder, kind)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise OptionError(f"{kind} '{name}': {path} cannot be read ({error.strerror}); {_forms(kind)}") from error


def _parts(name: str, kind: str) -> tuple[str, str]:
    source, _, attribute = name.rpartition(":")
    if not source or not attribute.isidentifier():
        raise OptionError(f"{kind} '{name}' names no {_thing(kind).lower()}; {_forms(kind)}")
    return source, attribute


def _thing(kind: str) -> str:
    """What such a name stands for, as a name of it would be written."""
    return "Class" if kind == "model" else "function"


def _forms(kind: str) -> str:
    return _FORMS.format(thing=_thing(kind))


def _origin(name: str, folder: Path, kind: str) -> Path:
    """File of a module, found without running it; a package above it is looked for by path, not imported."""
    module = name.rpartition(":")[0]
    first, *rest = module.split(".")
    with _LOADING, _importable(folder):
        try:
            found = importlib.util.find_spec(first)
        except (ImportError, ValueError):
            found = None
    for part in rest:
        places = list(found.submodule_search_locations or ()) if found else []
        found = importlib.machinery.PathFinder.find_spec(part, places)
    if found is None or not found.origin or found.origin in ("built-in", "frozen"):
        raise OptionError(f"{kind} '{name}': there is no module '{module}'; {_forms(kind)}")
    return Path(found.origin)


def _module(name: str, folder: Path, kind: str) -> ModuleType:
    source = name.rpartition(":")[0]
    path = folder / source
    if source.endswith(".py") and not path.is_file():
        raise OptionError(f"{kind} '{name}': there is no file {path}; {_forms(kind)}")
    try:
        if source.endswith(".py"):
            return _file_module(path, folder)
        with _importable(folder):
            return importlib.import_module(source)
    except (Exception, SystemExit) as error:
        raise OptionError(f"{kind} '{name}': {source} cannot be loaded: {described_error(error)}; mend it") from error


def _file_module(path: Path, folder: Path) -> ModuleType:
    """The file as a module; loaded once for each state of its content."""
    content = path.read_bytes()
    identity = str(path.resolve()).encode("utf-8", "surrogateescape") + b"\0" + content
    module_name = f"prompt_suite_own_{hashlib.sha256(identity).hexdigest()[:16]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    module = ModuleType(module_name)
    module.__file__ = str(path)
    sys.modules[module_name] = module  # dataclasses and pickle look their module up there
    try:
        # not through the import system, whose cached bytecode cannot tell two edits within a second
        code = compile(content, str(path), "exec")
        with _importable(folder):
            exec(code, vars(module))  # noqa: S102 - the user's own file, named in the suite
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What lies in `folder` can be imported by its plain name meanwhile, even if another suite has one of that name."""
    entry = str(folder)
    modules, packages = folder.glob("*.py"), folder.glob("*/__init__.py")
    names = ({path.stem for path in modules} | {path.parent.name for path in packages}) - sys.stdlib_module_names
    elsewhere = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in names and _is_elsewhere(module, folder)
    }
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


def _is_elsewhere(module: object, folder: Path) -> bool:
    origin = getattr(module, "__file__", None)
    return origin is not None and folder.absolute() not in Path(origin).parents
