"""Which sandbox holds on this machine."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from harness.errors import SandboxError
from harness.sandbox.bubblewrap import Bubblewrap
from harness.sandbox.canary import prove
from harness.sandbox.docker import IMAGE, Docker
from harness.sandbox.unsandboxed import Unsandboxed
from harness.sandbox.wasm import Wasm

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.sandbox.pool import Sandbox

ORDER = ("docker", "bubblewrap", "wasm")
"""What `auto` tries; the first that holds is taken."""
INSTALL = "apt-get install bubblewrap util-linux, or: pip install 'pytest-prompt-suite[wasm]'"
"""What gives a machine a sandbox."""


@lru_cache
def choose(wanted: str = "auto", image: str = IMAGE) -> Sandbox:
    """A sandbox of this kind, `auto` for the best there is, proven by a canary; found out once a process.

    Raises:
        SandboxError: it does not hold, or none does; says what each lacks and how to install one.

    """
    reasons = []
    makers: dict[str, Callable[[], Sandbox]] = {
        "docker": lambda: Docker(image),
        "bubblewrap": Bubblewrap,
        "wasm": Wasm,
        "none": Unsandboxed,
    }
    for kind in ORDER if wanted == "auto" else (wanted,):
        try:
            sandbox = makers[kind]()
            prove(sandbox)
        except SandboxError as error:
            reasons.append(f"{kind}: {error}")
        else:
            return sandbox
    raise SandboxError(f"no sandbox holds on this machine ({'; '.join(reasons)})")
