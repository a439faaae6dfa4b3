"""The contract of everything that answers.

A new backend is one file with one class: a constructor that takes a `BackendSpec` and does no work beyond checking it
(`OptionError` for what is wrong) and the members of `Backend`. It may have more, as it needs them: `uses`, the keys of
a backend's entry that mean something to it; a classmethod `check(spec)`, for options to check before a run;
`share(kept)`, of `Sharing`; `paid = False`, when nobody bills its calls; and `keeps_timeout = True`, when every call
surely ends `timeout_s` after it was sent, though it may wait before that for what others use (any other is cut off 5 s
after `timeout_s`); a classmethod `fingerprint(spec)`: a hash in hex by word (code, weights …) of what answers and lies
here, to which a judge's calibration is bound; and `takes_params = True`, when `generate` lays a request's `params` over
the entry's own (any other is asked without). Register it in `registry.py`, or from another distribution by the entry
point group `pytest_prompt_suite.backends`, whose name is the provider's::

    [project.entry-points."pytest_prompt_suite.backends"]
    parrot = "my_package.parrot:Parrot"

The engine calls `start` once, then `generate` up to `concurrency` times at once, all in one event loop, then `stop`.
It keeps the order, the cache, the retries, the rate and the budget; a backend makes one call and says what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

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


@runtime_checkable
class Sharing(Protocol):
    """A backend that may share something costly with others of its run, such as the processes of a local model."""

    def share(self, kept: dict[Hashable, Any]) -> None:
        """Called once, before `start`, with what the backends of this run keep for each other.

        A key begins with, or is of a type of, the provider that keeps it. What is kept lives as long as the run; who
        shares it counts its users and lets go of it in the last one's `stop`, after which another may `start` again.
        """
        ...


def missing_members(backend: object) -> list[str]:
    """The members of `Backend` that an object lacks, sorted."""
    methods = {name for name in vars(Backend) if not name.startswith("_")}
    return sorted(name for name in methods | Backend.__annotations__.keys() if not hasattr(backend, name))
