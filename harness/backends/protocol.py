"""The contract of everything that answers.

A new backend is one file with one class: a constructor that takes a `BackendSpec` and does no work beyond checking it
(`OptionError` for what is wrong), the members below, and, if it has options to check before a run, a classmethod
`check(spec)`. Register it in `registry.py`, or from another distribution by the entry point group
`pytest_prompt_suite.backends`, whose name is the provider's::

    [project.entry-points."pytest_prompt_suite.backends"]
    parrot = "my_package.parrot:Parrot"

The engine calls `start` once, then `generate` up to `concurrency` times at once, all in one event loop, then `stop`.
It keeps the order, the cache, the retries, the rate and the budget; a backend makes one call and says what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import BackendSpec, Generation, Request


class Backend(Protocol):
    """Makes one generation of one request."""

    spec: BackendSpec
    """What it was made from."""
    concurrency: int
    """Most requests in flight that pay: `spec.max_concurrency`, else the provider's own default."""
    cacheable: bool
    """Whether an answer may be kept and given again for equal messages. False where the answer depends on more than
    identity, messages and repeat, and costs nothing anyway (replay): such a backend is asked every time."""

    def identity(self) -> Mapping[str, object]:
        """Everything of the backend that can change an answer, as JSON values; part of every cache key.

        Provider, model (with the SHA-256 of weights that lie here), base URL, all parameters. Never the key, the name,
        time limits or anything that only changes speed.
        """
        ...

    async def start(self) -> None:
        """Make ready to answer: read the key, open the session, load the model. A second call does nothing.

        Raises:
            BackendError: the key is missing, the process does not come up …
            ModelFileError: an embedded model is missing or damaged.
            FilesError: a file of the user's is wrong.

        """
        ...

    async def generate(self, request: Request) -> Generation:
        """One answer. Never tries again by itself; a cancelled call leaves nothing behind.

        Fills text, finish_reason, latency_s, the token counts, cost_usd, started_at and logprobs, as far as known.

        Raises:
            BackendError: with `kind`, `retryable` and, where the server says so, `retry_after_s`.

        """
        ...

    async def stop(self) -> None:
        """Let go of everything. Safe before `start`, after a failed start, and twice."""
        ...
