"""The process that holds an encoder: texts in, a vector a token out.

Run as a script, so that loading torch and computing never hold the harness's interpreter. It reads pickles from stdin
and writes pickles to stdout: settings once, answered by `("ready", …)` or `("error", text)`; then requests
`(kind, texts, most tokens)`, each answered by one `("text", place, ids, vectors, is cut)` a text in any order and
`("done",)`, or by `("error", text)`. It ends when stdin closes: also when the harness was killed.
"""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Protocol

    import numpy as np
    import numpy.typing as npt

    class Engine(Protocol):
        """What turns texts into vectors."""

        special_ids: tuple[int, ...]
        """Ids of the tokens that stand for no part of a text and have no weight: beginning and end."""
        most_tokens: int
        """Longest text that the encoder reads, special tokens included."""

        def tokens(self, texts: Sequence[str], most: int) -> list[tuple[list[int], bool]]:
            """Token ids of each text, and whether it was cut to `most` tokens."""
            ...

        def vectors(self, ids: Sequence[Sequence[int]]) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
            """Place and vectors (tokens, width) of each text, in any order."""
            ...


_NICENESS = 5
"""Language models on the same cores go first: what they write is waited for, scores are not."""


def main() -> None:
    """Serve until the harness goes away."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with the replies
    if hasattr(os, "nice"):
        os.nice(max(0, _NICENESS - os.nice(0)))
    requests = sys.stdin.buffer
    try:
        engine = made_engine(pickle.load(requests))  # noqa: S301 - from the harness itself
        _reply(replies, ("ready", tuple(engine.special_ids), engine.most_tokens))
        while True:
            request = pickle.load(requests)  # noqa: S301 - from the harness itself
            for reply in answers(engine, *request):
                _reply(replies, reply)
    except EOFError:
        pass  # the harness has gone
    except BaseException as error:  # noqa: BLE001 - whatever it is, the harness must hear of it
        with suppress(OSError):
            _reply(replies, ("error", f"{type(error).__name__}: {error}"))
    os._exit(0)  # nothing here is worth an orderly teardown of native threads


def made_engine(settings: Mapping[str, Any]) -> Engine:
    """The engine for `kind` onnx or torch, loaded."""
    if settings["kind"] == "onnx":
        from harness.backends.encoder_onnx import OnnxEngine

        return OnnxEngine(settings["path"], threads=settings["threads"])
    from harness.backends.encoder_torch import TorchEngine

    return TorchEngine(settings["path"], layer=settings["layer"], threads=settings["threads"])


def answers(engine: Engine, kind: str, *request: Any) -> Iterator[tuple[Any, ...]]:
    """The replies to one request: `tokens` gives ids alone, `vectors` both; equal texts are computed once."""
    import numpy as np

    texts, most = request
    found = engine.tokens(texts, min(most or engine.most_tokens, engine.most_tokens))
    ids = [np.asarray(own, np.int32) for own, _ in found]
    if kind == "tokens":
        for place, (_, is_cut) in enumerate(found):
            yield ("text", place, ids[place], None, is_cut)
    else:
        places: dict[bytes, list[int]] = {}
        for place, own in enumerate(ids):
            places.setdefault(own.tobytes(), []).append(place)
        distinct = list(places.values())
        for which, vectors in engine.vectors([found[same[0]][0] for same in distinct]):
            for place in distinct[which]:
                yield ("text", place, ids[place], vectors, found[place][1])
    yield ("done",)


def _reply(replies: IO[bytes], reply: tuple[Any, ...]) -> None:
    try:
        pickle.dump(reply, replies, protocol=pickle.HIGHEST_PROTOCOL)
        replies.flush()
    except BrokenPipeError:
        os._exit(0)  # the harness has gone; what threads still compute nobody waits for


if __name__ == "__main__":
    main()
