"""The folder that is laid into every sandbox: the guest's modules, compiled, and the filter."""

from __future__ import annotations

import atexit
import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from harness.sandbox.calls import ARCHITECTURES, refused_calls

START = "import gc,sys;gc.disable();sys.path[:]=[{!r},*filter(None,sys.path)]\nfrom guest.main import main\nmain()"
"""What the interpreter is told to run; in the braces the folder's place."""


@lru_cache
def guest_folder(program: str) -> Path:
    """A new folder, readable by all and removed when this process ends; compiled for the interpreter `program`."""
    folder = Path(tempfile.mkdtemp(prefix="prompt-suite-guest-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / "guest"
    target.mkdir()
    for source in sorted((Path(__file__).parent / "guest").glob("*.py")):
        (target / source.name).write_bytes(source.read_bytes())
    machine = platform.machine()
    (target / "calls.bpf").write_bytes(refused_calls(machine) if machine in ARCHITECTURES else b"")
    subprocess.run(  # noqa: S603 - our own modules
        [program, "-I", "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(target)],
        check=False,
        capture_output=True,
        env={},
    )
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder
