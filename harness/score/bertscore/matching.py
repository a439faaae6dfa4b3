"""Greedy matching of two texts' tokens, as BERTScore defines it."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from harness.backends.encoder import Encoded

    Weigh = Callable[[Encoded], npt.NDArray[np.float32]]

Raw = tuple[float, float, float]
"""Precision, recall and F1 before rescaling."""
EMPTY: Raw = (0.0, 0.0, 0.0)
"""What a pair has in which a text has no token, as in `bert-score`."""


class Side(Struct, frozen=True, eq=False):
    """One text of a pair, ready to be matched."""

    unit: npt.NDArray[np.float32]
    """A row of length 1 a token, special tokens included: others may be matched with them."""
    weights: npt.NDArray[np.float32] | None
    """A weight a token, their sum 1; None when no token has any."""
    is_empty: bool
    """Whether it has no token of its own."""
    is_cut: bool
    """Whether it was longer than the encoder reads."""


def side(encoded: Encoded, weigh: Weigh) -> Side:
    """The text with its vectors brought to length 1 and its weights to sum 1."""
    import numpy as np

    lengths = np.linalg.norm(encoded.vectors, axis=1, keepdims=True)
    weights = weigh(encoded)
    total = weights.sum()
    shares = weights / total if total > 0 else None
    return Side(encoded.vectors / np.maximum(lengths, np.float32(1e-12)), shares, encoded.is_empty, encoded.is_cut)


def matched(candidate: Side, reference: Side) -> Raw | None:
    """Precision, recall and F1 of a pair; None when the tokens of a text weigh nothing."""
    if candidate.is_empty or reference.is_empty:
        return EMPTY
    if candidate.weights is None or reference.weights is None:
        return None
    likeness = candidate.unit @ reference.unit.T
    precision = float(likeness.max(axis=1) @ candidate.weights)
    recall = float(likeness.max(axis=0) @ reference.weights)
    f1 = 2 * precision * recall / (precision + recall) if precision * recall > 0 else 0.0
    return _bounded(precision), _bounded(recall), _bounded(f1)


def _bounded(value: float) -> float:
    """A cosine beyond 1 is a rounding error."""
    return max(-1.0, min(1.0, value))


def equal_weights(encoded: Encoded) -> npt.NDArray[np.float32]:
    """1 for the tokens of the text, 0 for the special ones."""
    import numpy as np

    return encoded.is_own.astype(np.float32)


def idf_weights(references: Iterable[Sequence[int]]) -> Weigh:
    """Weights by how few references have a token: log((n + 1) / (references with it + 1))."""
    counts: Counter[int] = Counter()
    n_references = 0
    for ids in references:
        n_references += 1
        counts.update(set(ids))
    rarest = math.log(n_references + 1)
    weights = {token: math.log((n_references + 1) / (count + 1)) for token, count in counts.items()}

    def weigh(encoded: Encoded) -> npt.NDArray[np.float32]:
        import numpy as np

        ids: Any = encoded.ids.tolist()
        return np.array([weights.get(token, rarest) for token in ids], np.float32)

    return weigh
