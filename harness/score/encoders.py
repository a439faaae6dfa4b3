"""Encoders for metrics: found as the suite names them, with errors that name the metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.backends.encoder_files import EXTRA, encoder_files
from harness.errors import MissingExtraError, ModelFileError, OptionError
from harness.score.options import Option
from harness.score.versions import library_version

if TYPE_CHECKING:
    from pathlib import Path

    from harness.backends.encoder_files import EncoderFiles

MODEL = Option(
    "model",
    "str",
    default="minilm",
    meaning="An embedded encoder, the folder of a Hugging Face model, or its name on the hub.",
)
"""The option that every metric has that compares meanings."""
_LIBRARIES = {"onnx": ("onnxruntime", "tokenizers"), "torch": ("torch", "transformers")}


def found_encoder(metric: str, model: str, folder: Path) -> EncoderFiles:
    """The encoder called `model`, not loaded; OptionError when it is not there, with the command that installs it."""
    try:
        return encoder_files(model, folder)
    except MissingExtraError as error:
        raise OptionError(
            f"metric '{metric}': option 'model' is '{model}', which needs torch and transformers; "
            f"run: pip install 'pytest-prompt-suite[{error.extra}]', or leave it out for the embedded encoder",
            "model",
        ) from error
    except ModelFileError as error:
        raise OptionError(f"metric '{metric}': {error}", "model") from error


def encoder_signature(files: EncoderFiles) -> str:
    """What a signature says of an encoder: name, hashes, and the versions of what computes it."""
    return "|".join([files.signature, *(library_version(name) for name in _LIBRARIES[files.kind])])


__all__ = ["EXTRA", "MODEL", "encoder_signature", "found_encoder"]
