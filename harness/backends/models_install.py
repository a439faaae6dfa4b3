"""Bringing models in: the embedded ones by pip, any GGUF file by path or from the Hugging Face hub."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from harness.backends.encoder_files import weights_sha256
from harness.backends.hub_cache import fetch, is_fetchable
from harness.backends.models import EMBEDDED, ModelState, listed, models_folder, verify
from harness.errors import ModelFileError
from harness.wording import one_line

if TYPE_CHECKING:
    from harness.backends.models import EmbeddedModel

_HUB = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")
_HUB_URL = "https://huggingface.co"
"""Overridden by the hub's own variable `HF_ENDPOINT`."""
_CONNECT_S = 30
"""Longest that the hub may be silent."""
_FETCH_S = 1800
"""Longest that pip may take."""


def install(what: str, *, name: str | None = None) -> ModelState:
    """The state of the model that was installed, its SHA-256 verified where one is registered.

    `what` is an embedded model's name, the path of a GGUF file (linked into the models folder, else copied),
    `owner/name:file.gguf` of the Hugging Face hub, or `owner/name` of an encoder there. `name` names GGUF files;
    default: the file's.

    Raises:
        ModelFileError: unknown, unreachable, no GGUF file, or not the registered file.

    """
    if what in EMBEDDED:
        if name is not None:
            raise ModelFileError(f"'{what}' is an embedded model and keeps its name; leave --name '{name}' out")
        _install_embedded(EMBEDDED[what])
        return _state(what)
    on_hub = _HUB.fullmatch(what)
    if on_hub and not Path(what).exists():
        return _from_hub(on_hub["repository"], on_hub["file"], name)
    path = Path(what).expanduser()
    if not path.is_file():
        if is_fetchable(what):
            return _encoder_from_hub(what, name)
        raise ModelFileError(
            f"'{what}' is no embedded model ({', '.join(EMBEDDED)}) and no file; allowed: a name of these, "
            "the path of a GGUF file, owner/name:file.gguf of the hub, or owner/name of an encoder there"
        )
    _check_magic(path)
    target = _target(name or path.stem)
    if target.resolve() != path.resolve():
        _place(path, target)
    return _state(target.stem)


def _place(path: Path, target: Path) -> None:
    """A link to the file, or a copy where links are not allowed."""
    try:
        target.unlink(missing_ok=True)
        try:
            target.symlink_to(path.resolve())
        except OSError:
            shutil.copyfile(path, target)
    except OSError as error:
        raise ModelFileError(
            f"{target}: the model cannot be put there ({error.strerror}); a writable folder with free space is needed; "
            "set PROMPT_SUITE_MODELS to one"
        ) from error


def _install_embedded(model: EmbeddedModel) -> None:
    """Fetch the distribution without its dependencies, unless the file is there and whole."""
    try:
        verify(model.name)
    except ModelFileError:
        command = [*_installer(), "--no-deps", "--force-reinstall", model.distribution]
        try:
            done = subprocess.run(  # noqa: S603 - our own list
                command, capture_output=True, text=True, timeout=_FETCH_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ModelFileError(f"{' '.join(command)}: {one_line(str(error))}; run it by hand") from error
        if done.returncode:
            lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            said = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no output")
            raise ModelFileError(
                f"{' '.join(command)}: {one_line(said)}; check the network and the package index"
            ) from None
        importlib.invalidate_caches()
        verify(model.name)


def _installer() -> list[str]:
    """The pip of this interpreter, else uv."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is None:
        raise ModelFileError(
            f"neither pip nor uv is there to fetch the model; run: {sys.executable} -m ensurepip, then try again"
        )
    return [uv, "pip", "install", "--quiet", "--python", sys.executable]


def _from_hub(repository: str, file: str, name: str | None) -> ModelState:
    """Download `file` of `repository` into the models folder."""
    base = os.environ.get("HF_ENDPOINT") or _HUB_URL
    url = f"{base.rstrip('/')}/{repository}/resolve/main/{file}"
    target = _target(name or Path(file).stem)
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ModelFileError(f"HF_ENDPOINT is {base}; only https:// is allowed; correct or unset it")
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise ModelFileError(f"{url} is not fetched: HF_HUB_OFFLINE is 1; unset it, or install a file by its path")
    descriptor, partial = tempfile.mkstemp(dir=target.parent, suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as out, urllib.request.urlopen(url, timeout=_CONNECT_S) as response:  # noqa: S310 - https, checked above
            shutil.copyfileobj(response, out, 1 << 20)
        _check_magic(Path(partial))
        Path(partial).replace(target)
    except (OSError, urllib.error.URLError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the answer, too, and holds the connection
            reason = one_line(str(error))
        else:
            reason = one_line(str(getattr(error, "reason", error)))
        raise ModelFileError(
            f"{url} cannot be fetched ({reason}); check the name and the network, or install a file by its path"
        ) from error
    finally:
        Path(partial).unlink(missing_ok=True)
    return _state(target.stem)


def _encoder_from_hub(what: str, name: str | None) -> ModelState:
    """Fetch an encoder into the hub's own cache, where it keeps its name."""
    if name is not None:
        raise ModelFileError(f"'{what}' is an encoder of the hub and keeps its name; leave --name '{name}' out")
    folder = fetch(what)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return ModelState(
        what, folder, size, "unknown", f"encoder in {folder}", embedded=False, sha256=weights_sha256(folder)
    )


def _target(name: str) -> Path:
    """Where the model called `name` lies; makes the folder."""
    if not re.fullmatch(r"[\w.-]{1,100}", name) or name.startswith(".") or name in EMBEDDED:
        raise ModelFileError(f"a model cannot be called '{name}'; allowed: letters, digits, - _ . and no embedded name")
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelFileError(
            f"{folder}: the models folder cannot be made ({error.strerror}); set PROMPT_SUITE_MODELS to a writable one"
        ) from error
    return folder / f"{name}.gguf"


def _check_magic(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelFileError(
            f"{path}: the file cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    if magic != b"GGUF":
        raise ModelFileError(f"{path}: this is no GGUF file; only GGUF models can be run")


def _state(name: str) -> ModelState:
    return next(state for state in listed() if state.name == name)
