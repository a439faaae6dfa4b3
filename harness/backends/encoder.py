"""Encoders as metrics use them: texts in, a vector a token out, each text computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.backends.encoder_launch import EncoderProcess
from harness.backends.machine import available_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from harness.backends.encoder_files import EncoderFiles

_MOST_CACHED = 1 << 30
_LEAST_CACHED = 64 << 20
"""Bytes of vectors kept, whatever memory there is."""
_SHARE_CACHED = 8
"""One in so many bytes of free memory may hold vectors."""


class Encoded(Struct, frozen=True, eq=False):
    """One text as an encoder sees it."""

    ids: npt.NDArray[np.int32]
    """Its tokens, special ones included; none for a text without any characters but blanks."""
    vectors: npt.NDArray[np.float32]
    """A row a token."""
    is_own: npt.NDArray[np.bool_]
    """Which tokens stand for a part of the text: all but the special ones at its ends."""
    is_cut: bool
    """Whether it was longer than the encoder reads, and cut."""

    @property
    def is_empty(self) -> bool:
        """Whether it has no token of its own."""
        return not self.is_own.any()


class Encoder:
    """An encoder in a process of its own, with a memory for texts; threads may share it."""

    def __init__(self, files: EncoderFiles, layer: int) -> None:
        """Start nothing yet."""
        self.files = files
        self._process = EncoderProcess(files, layer)
        self._turn = threading.Lock()
        self._known = _Memory()

    def encode(self, texts: Sequence[str], most_tokens: int | None = None) -> list[Encoded]:
        """One Encoded a text, in order, cut to `most_tokens` or what the encoder reads.

        Raises:
            ModelFileError: the encoder cannot be loaded, or its process died of these texts.

        """
        keys = [_readable(text) for text in texts]
        with self._turn:
            found = {key: self._known.get((key, most_tokens)) for key in keys}
            missing = [key for key, known in found.items() if known is None and key]
            for place, encoded in self._computed("vectors", missing, most_tokens):
                found[missing[place]] = encoded
                self._known.put((missing[place], most_tokens), encoded)
        nothing = _nothing()
        return [found[key] or nothing for key in keys]

    def token_ids(self, texts: Iterable[str]) -> list[list[int]]:
        """The tokens of each text, in order, special ones included; a text of blanks has none. Raises as `encode`."""
        keys = [_readable(text) for text in texts]
        distinct = [key for key in dict.fromkeys(keys) if key]
        with self._turn:
            found = {distinct[place]: encoded.ids.tolist() for place, encoded in self._computed("tokens", distinct)}
        return [found.get(key, []) for key in keys]

    def close(self) -> None:
        """End the process; it is started again when it is needed."""
        with self._turn:
            self._process.end()

    def _computed(
        self, kind: str, texts: Sequence[str], most_tokens: int | None = None
    ) -> Iterator[tuple[int, Encoded]]:
        import numpy as np

        if not texts:
            return
        for place, ids, vectors, is_cut in self._process.replies(kind, texts, most_tokens):
            is_own = np.isin(ids, self._process.special_ids, invert=True)
            yield (
                place,
                Encoded(ids, np.zeros((len(ids), 0), np.float32) if vectors is None else vectors, is_own, is_cut),
            )


class _Memory:
    """Encoded texts, the latest used kept, as many as memory allows."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Encoded] = OrderedDict()
        self._bytes = 0
        free = available_bytes() or 0
        self._most = min(_MOST_CACHED, max(_LEAST_CACHED, free // _SHARE_CACHED))

    def get(self, key: Any) -> Encoded | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Any, encoded: Encoded) -> None:
        self._kept[key] = encoded
        self._bytes += encoded.vectors.nbytes
        while self._bytes > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.vectors.nbytes


@lru_cache(maxsize=8)
def shared_encoder(files: EncoderFiles, layer: int) -> Encoder:
    """The one encoder of these files up to this layer: metrics and suites of a run share process and memory."""
    return Encoder(files, layer)


def _readable(text: str) -> str:
    """The text without blanks around it, as `bert-score` reads it, and without half characters, which none can."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1)
def _nothing() -> Encoded:
    import numpy as np

    return Encoded(np.zeros(0, np.int32), np.zeros((0, 0), np.float32), np.zeros(0, np.bool_), is_cut=False)
