"""Encoders of the Hugging Face hub: found in the hub's own cache, and fetched into it on request."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType

from harness.errors import ModelFileError
from harness.wording import one_line

HUB_NAME = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")
"""owner/name, or the bare name of one of the first models."""
OWNERS = MappingProxyType(
    {
        "bert-": "google-bert",
        "roberta-": "FacebookAI",
        "xlm-": "FacebookAI",
        "distil": "distilbert",
        "albert-": "albert",
        "xlnet-": "xlnet",
        "t5-": "google-t5",
    }
)
"""Owners of the hub's first models, which papers name without one, by how the names begin."""
_WEIGHTS = (
    r"model\.safetensors",
    r"model-\d+-of-\d+\.safetensors",
    r"pytorch_model\.bin",
    r"pytorch_model-\d+-of-\d+\.bin",
)
"""File names of weights, the form that transformers takes first before the next."""
_CONFIGURATION = ("*.json", "*.txt", "*.model", "*.codes")
"""Everything but weights that an encoder's folder holds."""


def cached(name: str) -> Path | None:
    """The folder of a model in the hub's cache, its weights in it; None when there is none. Reads no content."""
    for full in (name, with_owner(name)):
        home = hub_folder() / ("models--" + full.replace("/", "--"))
        try:
            revision = (home / "refs" / "main").read_text("ascii").strip()
        except (OSError, ValueError):
            continue
        folder = home / "snapshots" / revision
        if (folder / "config.json").is_file():
            return folder
    return None


def with_owner(name: str) -> str:
    """`FacebookAI/roberta-large` for `roberta-large`; a name with an owner, or of an unknown one, as it is."""
    if "/" in name:
        return name
    owner = next((owner for start, owner in OWNERS.items() if name.startswith(start)), None)
    return name if owner is None else f"{owner}/{name}"


def is_fetchable(name: str) -> bool:
    """Whether it is a name on the hub rather than a path: owner/name, or one of the hub's first models."""
    return bool(HUB_NAME.fullmatch(name)) and "/" in with_owner(name) and not name.endswith(".gguf")


def hub_folder() -> Path:
    """Where the hub's own library keeps models: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else the user's cache."""
    if os.environ.get("HF_HUB_CACHE"):
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def weight_files(names: list[str]) -> list[str]:
    """Those of a folder's files that are weights, in the form that transformers would take."""
    for form in _WEIGHTS:
        found = [name for name in names if re.fullmatch(form, name)]
        if found:
            return found
    return []


def fetch(name: str) -> Path:
    """The folder of a model of the hub, fetched into the hub's cache: configuration, tokenizer and one form of weights.

    Raises:
        ModelFileError: the hub cannot be reached, or has no such encoder.

    """
    full = with_owner(name)
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise ModelFileError(
            f"the encoder '{name}' is not fetched: HF_HUB_OFFLINE is 1; unset it, or name a folder that holds the model"
        )
    from huggingface_hub import HfApi, snapshot_download

    try:
        info = HfApi().model_info(full, timeout=30)
        weights = weight_files(sorted(file.rfilename for file in info.siblings or ()))
        path = snapshot_download(full, allow_patterns=[*_CONFIGURATION, *weights]) if weights else ""
    except Exception as error:
        raise ModelFileError(
            f"the encoder '{name}' cannot be fetched from the hub ({type(error).__name__}: {one_line(str(error))}); "
            "check the name and the network, or name a folder that holds the model"
        ) from error
    if not path:
        raise ModelFileError(f"the encoder '{name}': the hub has no weights of it; name another, or a folder")
    return Path(path)
