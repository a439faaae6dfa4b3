"""What is run in a sandbox, within which limits, and what came of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["docker", "bubblewrap", "wasm", "none"]
"""What keeps a program in."""


class Limits(Struct, frozen=True):
    """What one program may use."""

    timeout_s: float = 5.0
    """Seconds of wall time, from its start to the end of its tests; the same in CPU time, rounded up."""
    memory_mb: int = 256
    """MiB of address space."""
    file_mb: int = 16
    """MiB of all files in the work folder together, and of each."""
    output_kb: int = 64
    """KiB that it may write to stdout and stderr together."""
    threads: int = 16
    """Threads at a time. It can start no process."""


class Program(Struct, frozen=True):
    """A program, and how it is tested."""

    source: str
    """The program."""
    tests: str | None = None
    """Python text that fails when the program is wrong; None runs the program alone."""
    setup: str = ""
    """Run before the tests, where they run."""
    helpers: str = ""
    """Text whose definitions the tests may use: HumanEval's prompt. What is no Python is left out."""
    entry: str | None = None
    """The name that must be defined; None when the tests say what they need."""
    calls_check: bool = False
    """Whether the tests define `check`, to be called with the entry."""
    is_strict: bool = False
    """Whether what the program returns must be plain data."""
    module: str = "__main__"
    """What the program finds in `__name__`."""


class Outcome(Struct, frozen=True):
    """What came of a program."""

    syntax: bool
    """Whether it is Python."""
    ran: bool
    """Whether it ran to its end."""
    passed: bool | None
    """Whether its tests passed; None when it has none."""
    reason: str = ""
    """What went wrong, on one line; may hold the program's words."""
    output: str = ""
    """Traceback within the program, and what it wrote to stdout and stderr."""
