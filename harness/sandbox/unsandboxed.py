"""No sandbox at all, where the user says so: the program runs as this user, and may read and write what it may."""

from __future__ import annotations

import shutil
import sys
import tempfile
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.sandbox.bubblewrap import GRACE_S, GUEST_ENVIRONMENT, guest_arguments
from harness.sandbox.guest_folder import guest_folder
from harness.sandbox.process import Launch

if TYPE_CHECKING:
    from harness.sandbox.job import Kind, Limits

_ANY_NUMBER = 1 << 16
"""The limit of threads is one of the user, whose other processes count too."""


class Unsandboxed:
    """Limits of the process alone, and a fresh folder to work in."""

    kind: Kind = "none"

    def __init__(self) -> None:
        """The harness's own interpreter, without its packages."""
        self._guest = guest_folder(sys.executable)

    @property
    def signature(self) -> str:
        """What the number depends on."""
        return f"none, python-{sys.version_info[0]}.{sys.version_info[1]}"

    def launch(self, limits: Limits) -> Launch:
        """How one is started."""
        folder = tempfile.mkdtemp(prefix="prompt-suite-work-")
        arguments = guest_arguments(str(self._guest), replace(limits, threads=_ANY_NUMBER))
        return Launch(
            [sys.executable, *arguments],
            GUEST_ENVIRONMENT,
            limits.timeout_s + GRACE_S,
            folder=folder,
            cleanup=lambda: shutil.rmtree(folder, ignore_errors=True),
        )
