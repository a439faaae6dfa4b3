"""What the authors of BERTScore tuned and measured by model: the layer to use, and baselines to rescale with."""

from __future__ import annotations

import csv
import hashlib
import math
from pathlib import Path

from harness.backends.hub_cache import with_owner
from harness.errors import OptionError

Baseline = tuple[float, float, float]
"""Precision, recall and F1 of texts that have nothing to do with each other."""

_CELLS = 4
"""Of a line of a baseline file: LAYER,P,R,F."""
_LAYERS = Path(__file__).with_name("layers.tsv")
_BASELINES = Path(__file__).with_name("baselines.tsv")


def tuned_layer(model: str) -> int | None:
    """The layer that followed human judgement best; None for a model that was not tuned."""
    return next((int(row["layer"]) for row in _rows(_LAYERS) if _is_same(row["model"], model)), None)


def baseline(model: str, lang: str, layer: int) -> Baseline | None:
    """The library's baseline; None where it has none."""
    for row in _rows(_BASELINES):
        if row["lang"] == lang and int(row["layer"]) == layer and _is_same(row["model"], model):
            return float(row["precision"]), float(row["recall"]), float(row["f1"])
    return None


def languages() -> list[str]:
    """Those that the library has baselines of, sorted."""
    return sorted({row["lang"] for row in _rows(_BASELINES)})


def own_baseline(path: Path, layer: int) -> tuple[Baseline, str]:
    """The layer's line of a file in the library's form (LAYER,P,R,F), and the file's SHA-256.

    Raises:
        OptionError: it cannot be read, or has no such layer.

    """
    try:
        content = path.read_bytes()
        rows = [[float(cell) for cell in line.split(",")] for line in content.decode("utf-8").splitlines()[1:] if line]
        found = next((row for row in rows if int(row[0]) == layer), None)
    except (OSError, ValueError) as error:
        raise _unfit(path, f"it cannot be read ({type(error).__name__})") from error
    _, precision, recall, f1 = found if found is not None and len(found) == _CELLS else [math.nan] * _CELLS
    if not all(-1 < value < 1 for value in (precision, recall, f1)):
        raise _unfit(path, f"it has no three numbers below 1 for layer {layer}")
    return (precision, recall, f1), hashlib.sha256(content).hexdigest()


def _unfit(path: Path, what: str) -> OptionError:
    return OptionError(
        f"metric 'bertscore': option 'baseline': {path}: {what}; allowed: a file of lines LAYER,P,R,F below a heading",
        "baseline",
    )


def _rows(path: Path) -> list[dict[str, str]]:
    lines = (line for line in path.read_text("utf-8").splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines, delimiter="\t"))


def _is_same(listed: str, model: str) -> bool:
    """Whether the two name one model, with or without the owner of the hub's first models."""
    return listed == model or with_owner(listed) == with_owner(model)
