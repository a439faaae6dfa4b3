"""Nearness of texts by the words they share: TF-IDF weights, cosine.

Source: Salton & Buckley 1988, with the smoothed idf of scikit-learn's TfidfVectorizer: ln((1 + n) / (1 + df)) + 1.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

_WORD = re.compile(r"\w+")
_FEW = 32
"""Nearest texts that are sorted apart: sorting all of 10,000 for each sample takes longer than rendering."""
_DIGITS = 12
"""Scores are rounded to so many digits: ties do not hang on the order of additions."""


class SimilarityIndex:
    """Texts, ready to be asked which of them are nearest to another."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Count the words of all texts once."""
        import numpy as np

        counts = [_words(text) for text in texts]
        document_counts = Counter(word for words in counts for word in words)
        n = len(texts)
        self._n = n
        self._idf = {word: math.log((1 + n) / (1 + df)) + 1 for word, df in document_counts.items()}
        postings: dict[str, tuple[list[int], list[float]]] = {word: ([], []) for word in document_counts}
        for row, words in enumerate(counts):
            for word, weight in self._weights(words).items():
                postings[word][0].append(row)
                postings[word][1].append(weight)
        self._postings = {word: (np.array(rows), np.array(weights)) for word, (rows, weights) in postings.items()}

    def nearest(self, text: str) -> Iterator[int]:
        """Positions of all texts, nearest first; equally near ones in their order."""
        import numpy as np

        distances = -self.cosines(text).round(_DIGITS)
        if self._n > _FEW:  # a few are asked for: sort only what can be among them
            near = np.flatnonzero(distances <= np.partition(distances, _FEW)[_FEW])
            yield from near[np.argsort(distances[near], kind="stable")].tolist()
            distances[near] = np.inf
            far = self._n - len(near)
        else:
            far = self._n
        yield from np.argsort(distances, kind="stable")[:far].tolist()

    def cosines(self, text: str) -> np.ndarray:
        """Nearness of each text, 0…1, in their order."""
        import numpy as np

        scores: np.ndarray = np.zeros(self._n)
        for word, weight in self._weights(_words(text)).items():
            rows, weights = self._postings[word]
            scores[rows] += weight * weights
        return scores

    def _weights(self, words: Counter[str]) -> dict[str, float]:
        """Weights of unit length; words that no text of the index has are left out."""
        raw = {word: words[word] * self._idf[word] for word in sorted(words) if word in self._idf}
        length = math.sqrt(math.fsum(weight * weight for weight in raw.values()))
        return {word: weight / length for word, weight in raw.items()}


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))
