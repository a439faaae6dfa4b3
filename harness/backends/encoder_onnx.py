"""The embedded encoder in ONNX Runtime: all-MiniLM-L6-v2 with BERT's own word pieces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    from tokenizers import Tokenizer

VOCABULARY = Path(__file__).with_name("vocabulary") / "bert_uncased.txt"
_MOST_TOKENS = 512
"""Positions that BERT has."""
_BATCH_TOKENS = 128
"""Tokens computed at once by a thread; more were not faster."""
_LONGEST_WORD = 100
"""A word of more characters is one unknown token, as in BERT's own tokenizer."""


class OnnxEngine:
    """Texts of equal length, a few at a time on a thread each: nothing is padded, nothing depends on its neighbours.

    That was 1.5 to 2 times as fast as padded batches that two threads share.
    """

    most_tokens = _MOST_TOKENS

    def __init__(self, path: str, *, threads: int) -> None:
        """Load the model; whatever ONNX Runtime raises when it cannot."""
        import onnxruntime as ort

        options: Any = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._tokenizer = bert_tokenizer(VOCABULARY)
        self._threads = threads
        self.special_ids: tuple[int, ...] = (self._id("[CLS]"), self._id("[SEP]"))

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        assert found is not None
        return found

    def tokens(self, texts: Sequence[str], most: int) -> list[tuple[list[int], bool]]:
        """Token ids of each text, and whether it was cut to `most` tokens."""
        self._tokenizer.enable_truncation(most)
        return [(found.ids, bool(found.overflowing)) for found in self._tokenizer.encode_batch(list(texts))]

    def vectors(self, ids: Sequence[Sequence[int]]) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Place and vectors of each text, longest first."""
        batches = equally_long(ids)
        with ThreadPoolExecutor(self._threads) as pool:
            computed = pool.map(self._vectors, ([ids[place] for place in batch] for batch in batches))
            for batch, vectors in zip(batches, computed, strict=True):
                yield from zip(batch, vectors, strict=True)

    def _vectors(self, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        import numpy as np

        rows = np.asarray(ids, np.int64)
        feed = {"input_ids": rows, "attention_mask": np.ones_like(rows), "token_type_ids": np.zeros_like(rows)}
        vectors: npt.NDArray[np.float32] = self._session.run(["last_hidden_state"], feed)[0]
        return vectors


def equally_long(ids: Sequence[Sequence[int]]) -> list[list[int]]:
    """Places in batches of texts with equally many tokens, longest first."""
    by_length: dict[int, list[int]] = {}
    for place, own in enumerate(ids):
        by_length.setdefault(len(own), []).append(place)
    batches = []
    for length, places in sorted(by_length.items(), reverse=True):
        size = max(1, _BATCH_TOKENS // max(1, length))
        batches += [places[first : first + size] for first in range(0, len(places), size)]
    return batches


def bert_tokenizer(vocabulary: Path) -> Tokenizer:
    """BERT's tokenizer, uncased, from a file of word pieces."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordPiece

    pieces = {piece: place for place, piece in enumerate(vocabulary.read_text("utf-8").splitlines())}
    tokenizer = Tokenizer(WordPiece(pieces, unk_token="[UNK]", max_input_chars_per_word=_LONGEST_WORD))  # noqa: S106 - a token of text
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    ends = [(token, pieces[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return tokenizer
