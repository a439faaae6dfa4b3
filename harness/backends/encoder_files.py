"""Which encoder a name stands for: an embedded one, a Hugging Face folder, or a model of the hub's cache."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from harness.backends import models
from harness.backends.hub_cache import HUB_NAME, cached, weight_files
from harness.errors import MissingExtraError, ModelFileError

EXTRA = "bertscore"
"""What torch and transformers come with."""
_EMBEDDED_LAYERS = 6
_EMBEDDED_SENTENCE = 256
"""Tokens of a sentence that all-MiniLM-L6-v2 was published to read: `max_seq_length`."""
_TOKENIZER = frozenset(
    {
        *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
        *("vocab.txt", "vocab.json", "merges.txt", "spm.model", "sentencepiece.bpe.model", "spiece.model", "bpe.codes"),
    }
)
"""Files that change the tokens or the computation."""
_COUNTS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers")
"""What configurations call the number of layers."""
_SHOWN = 16
"""Characters of a SHA-256 in a signature."""


class EncoderFiles(Struct, frozen=True):
    """An encoder that is there, found without loading it."""

    kind: Literal["onnx", "torch"]
    """What computes it."""
    name: str
    """As the suite names it, a folder by its last part."""
    path: str
    """The ONNX file, or the Hugging Face folder."""
    layers: int
    """How many it has."""
    sha256: str
    """SHA-256 of the weights; of several files, of their digests."""
    texts_sha256: str
    """SHA-256 of what else decides: configuration and tokenizer."""
    pooling: str = "mean"
    """How one vector is made for a text: mean, or cls, its first token's."""
    sentence_tokens: int | None = None
    """Tokens of a text that one vector is made of; None: as many as the encoder reads."""

    @property
    def signature(self) -> str:
        """What a signature says of it: name, hashes and libraries."""
        what = f"{self.name}, int8 weights in ONNX Runtime" if self.kind == "onnx" else self.name
        return f"model:{what}|weights:{self.sha256[:_SHOWN]}|tokenizer:{self.texts_sha256[:_SHOWN]}"

    def check(self) -> None:
        """Compare an embedded encoder's file with what was published.

        Raises:
            ModelFileError: it is damaged or gone.

        """
        if self.name in models.ENCODERS:
            models.verify(self.name)


def encoder_files(model: str, folder: Path) -> EncoderFiles:
    """The encoder called `model`: an embedded one, a folder (relative to `folder`), or a model of the hub.

    Raises:
        ModelFileError: there is none, with the command that installs it.
        MissingExtraError: it needs torch and transformers, which are not installed.

    """
    if model == "minilm":
        return _embedded(models.ENCODERS[model])
    if model in models.ENCODERS:
        return _of_folder(_installed(model).parent, model)
    own = (folder / Path(model).expanduser()).resolve()
    if own.is_dir():
        return _of_folder(own, own.name)
    if not HUB_NAME.fullmatch(model) or model.startswith("."):
        known = ", ".join(models.ENCODERS)
        raise ModelFileError(
            f"the encoder '{model}' is no folder and no embedded one; allowed: {known}, the folder of a Hugging Face "
            "model, or its name on the hub"
        )
    found = cached(model)
    if found is None:
        raise ModelFileError(
            f"the encoder '{model}' is not on this machine; run: prompt-suite models install {model} (needs the "
            "network), or name the folder it lies in"
        )
    return _of_folder(found, model)


def _installed(name: str) -> Path:
    path = models.find(name)
    if path is None:
        raise ModelFileError(f"the encoder '{name}' is not installed; run: prompt-suite models install {name}")
    return path


def _embedded(model: models.EmbeddedModel) -> EncoderFiles:
    from harness.backends.encoder_onnx import VOCABULARY

    return EncoderFiles(
        "onnx",
        model.name,
        str(_installed(model.name)),
        _EMBEDDED_LAYERS,
        model.sha256,
        models.sha256(VOCABULARY),
        sentence_tokens=_EMBEDDED_SENTENCE,
    )


def weights_sha256(folder: Path) -> str:
    """The SHA-256 of a folder's weights; of several files, of their names and digests. ModelFileError: unreadable."""
    return _digest([folder / name for name in weight_files(sorted(path.name for path in folder.iterdir()))])


def _of_folder(folder: Path, name: str) -> EncoderFiles:
    if not (importlib.util.find_spec("torch") and importlib.util.find_spec("transformers")):
        raise MissingExtraError(f"the encoder '{name}'", EXTRA)
    config = _json(folder / "config.json")
    layers = next((config[key] for key in _COUNTS if isinstance(config.get(key), int)), None)
    weights = weight_files(sorted(path.name for path in folder.iterdir()))
    if layers is None or not weights:
        raise ModelFileError(
            f"{folder}: this is no encoder of Hugging Face's form; allowed: a folder with config.json, a tokenizer and "
            "model.safetensors or pytorch_model.bin"
        )
    texts = sorted(path for path in folder.iterdir() if path.name in _TOKENIZER)
    pooling = _pooling(folder)
    limit = _json(folder / "sentence_bert_config.json", {}).get("max_seq_length")
    sha256 = _digest([folder / weight for weight in weights])
    return EncoderFiles("torch", name, str(folder), layers, sha256, _digest(texts), pooling, limit)


def _digest(paths: list[Path]) -> str:
    """The SHA-256 of a file; of several, that of their names and digests."""
    digests = [models.sha256(path) for path in paths]
    if len(paths) == 1:
        return digests[0]
    lines = "".join(f"{path.name} {digest}\n" for path, digest in zip(paths, digests, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def _pooling(folder: Path) -> str:
    """How the folder says that one vector is made: `mean` or `cls`,; `other` for what is neither."""
    config = _json(folder / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": True})
    modes = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    dense = any("Dense" in str(module.get("type")) for module in _json(folder / "modules.json", []))
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return known.get(modes[0], "other") if len(modes) == 1 and not dense else "other"


def _json(path: Path, default: Any = None) -> Any:
    if default is not None and not path.is_file():
        return default
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path}: it cannot be read ({type(error).__name__}); a Hugging Face model's folder is needed"
        ) from error
