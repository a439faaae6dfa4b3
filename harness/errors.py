"""Every exception the harness raises on purpose, in one tree.

::

    HarnessError
    ├── FilesError            mistakes in files a user wrote: all of them, each with its position (exit code 2)
    ├── OptionError           one option of a metric, backend or technique is wrong; the loader adds the position
    ├── UsageError            the command line asks for something impossible (exit code 4)
    ├── MissingExtraError     an optional dependency is not installed; names the `pip install` line
    ├── RenderError           a sample and a prompt do not make messages
    ├── OutputError           the answer could not be read from the text as `output:` asks
    ├── ModelFileError        an embedded model is missing or damaged
    ├── SandboxError          no sandbox holds on this machine, or one failed to start
    ├── RecordError           the run store cannot be written or read
    └── BackendError          one model call failed; `kind` says how, `retryable` whether again makes sense

Messages read ``<where>: <what is wrong, with which value>; <what is allowed>; <what to do next>``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

ErrorKind = Literal[
    "authentication",  # HTTP 401, 403
    "rejected",  # HTTP 400, 404, 409-499 except the two below: the request itself is wrong
    "rate_limited",  # HTTP 429
    "server",  # HTTP 408, 409, 5xx
    "connection",  # refused, reset, or cut in the middle of the body
    "timeout",  # the call took longer than timeout_s
    "unreadable",  # a 2xx whose body is not what the protocol says
    "missing",  # nothing recorded for this trial (replay, cache mode `only`)
    "callable",  # the user's own function raised
    "crashed",  # the model process died
    "output",  # the answer is there but `output:` cannot read it
    "not_run",  # never called: the budget was spent, the backend was stopped early, or the run was
    "stopped_early",  # never called: the suite's `stop_early`, since its verdicts were clear
]


_UNBILLED = frozenset(
    {"authentication", "rejected", "rate_limited", "server", "missing", "output", "not_run", "stopped_early"}
)
"""Kinds of failures that providers do not bill: no answer was made."""


class HarnessError(Exception):
    """Base of every error that the harness raises on purpose."""


class Mistake(Struct, frozen=True, order=True):
    """One mistake in a user's file, at a position."""

    path: str
    """Path as shown to the user: relative to the root folder where it lies below it."""
    line: int | None
    """1-based line; None when the mistake is the whole file's."""
    column: int | None
    """1-based column; None when only the line is known."""
    message: str
    """`what; allowed; what to do`, without the position."""

    def __str__(self) -> str:
        """`path:line:column: message`, leaving out what is not known."""
        position = [str(part) for part in (self.line, self.column) if part is not None]
        return ":".join([self.path, *position]) + f": {self.message}"


class FilesError(HarnessError):
    """Mistakes in files a user wrote, all that were found, ordered by file and position."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        """Keep the mistakes; the text is one line a mistake."""
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class OptionError(HarnessError):
    """An option of a metric, backend or technique is wrong; whoever read the file adds where."""

    def __init__(self, message: str, key: str | None = None) -> None:
        """`key` is the option at fault, or None when the whole entry is."""
        self.key = key
        super().__init__(message)


class UsageError(HarnessError):
    """The command line asks for something that cannot be done."""


class MissingExtraError(HarnessError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        """`what` needs the extra named `extra`."""
        self.extra = extra
        super().__init__(f"{what} needs an optional part; run: pip install 'pytest-prompt-suite[{extra}]'")


class RenderError(HarnessError):
    """A sample and a prompt do not make messages; the text names sample and variable."""


class OutputError(HarnessError):
    """The answer could not be read from the model's text as the prompt's `output:` asks."""


class ModelFileError(HarnessError):
    """An embedded model is missing or damaged; the text names the command that mends it."""


class SandboxError(HarnessError):
    """No sandbox holds on this machine, or one failed to start: nothing is known of the program."""


class RecordError(HarnessError):
    """The run store cannot be written or read."""


class BackendError(HarnessError):
    """One model call failed."""

    def __init__(  # noqa: PLR0913 - an error carries what was seen; a record of its own would only be unpacked again
        self,
        message: str,
        *,
        kind: ErrorKind,
        retryable: bool = False,
        retry_after_s: float | None = None,
        status: int | None = None,
        code: str = "",
        was_sent: bool = True,
    ) -> None:
        """`retry_after_s` is the server's own wish (`Retry-After`), in seconds.

        `status` is the HTTP status and `code` the provider's own word for the failure, where there was an answer;
        `was_sent` is False only when the request surely never reached the server, and so cannot have cost anything.
        """
        self.kind = kind
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status
        self.code = code
        self.may_be_billed = was_sent and kind not in _UNBILLED
        """Whether it may have cost something all the same."""
        super().__init__(message)
