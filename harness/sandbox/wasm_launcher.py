"""The process with two instances of CPython for WASI: `wasm_launcher.py MODULE GUEST FOLDER MEMORY TIMEOUT OUTPUT`.

Its stdin is the job, its stdout takes what the checker says, and at the end what the program printed.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

    from wasmtime import Engine, Module

_START = "import sys;sys.path[:]=['/guest',*filter(None,sys.path)]\nfrom guest.apart import main\nmain()"
_LARGEST_CHECKER = 512 << 20
_NEVER = 1 << 40
_PATIENCE_S = 2.0
"""For a program whose time is up to notice it; one that waits for the system (`time.sleep`) never does."""


def engine() -> Engine:
    """The engine, as module and instances must have it alike."""
    from wasmtime import Config, Engine

    config = Config()
    config.epoch_interruption = True
    config.cache = True
    return Engine(config)


class Printed:
    """The beginning of what a program prints."""

    def __init__(self, most: int) -> None:
        """Bytes that are kept."""
        self._most = most
        self._kept = bytearray()
        self.is_too_much = False

    def take(self, part: bytes) -> int:
        """Keep what there is room for, refuse the rest."""
        room = self._most - len(self._kept)
        self._kept += part[:room]
        if len(part) <= room:
            return len(part)
        self.is_too_much = True
        return -5  # EIO

    def text(self) -> str:
        """It, as text."""
        return self._kept.decode("utf-8", "replace")


class LastWord:
    """What is said at the end, by whichever thread comes to it first; this process ends with it."""

    def __init__(self, printed: Printed) -> None:
        """`printed` is told too."""
        self.is_late = False
        self._printed = printed
        self._lock = threading.Lock()

    def say(self) -> NoReturn:
        """It."""
        from harness.sandbox.guest import channel, wire

        with self._lock:
            text, is_too_much = self._printed.text(), self._printed.is_too_much
            try:
                channel.send(1, wire.pack({"output": text, "is_too_much": is_too_much, "is_late": self.is_late}))
            finally:
                os._exit(0)


class Instance:
    """One CPython, with three descriptors and the folders that it is given to read."""

    def __init__(self, role: list[str], *, stdin: int, stdout: int, memory: int) -> None:
        """`memory` in bytes; `role` is what the guest is told."""
        from wasmtime import WasiConfig

        self.wasi = WasiConfig()
        self.wasi.argv = ["python", "-s", "-S", "-B", "-X", "utf8", "-c", _START, *role]
        self.wasi.env = [("PYTHONHASHSEED", "0")]
        self.wasi.stdin_file, self.wasi.stdout_file = path_of(stdin), path_of(stdout)
        self._memory = memory

    def sees(self, folder: str, place: str) -> None:
        """Let it read a folder, at this place."""
        self.wasi.preopen_dir(folder, place, False)  # noqa: FBT003 - the library's order

    def run(self, module: Module, shared: Engine, ticks: int) -> None:
        """To its end, or until the clock has ticked so often; its descriptors are closed then, as the other notices."""
        import wasmtime

        store = wasmtime.Store(shared)
        store.set_limits(memory_size=self._memory)
        store.set_epoch_deadline(ticks)
        store.set_wasi(self.wasi)
        linker = wasmtime.Linker(shared)
        linker.define_wasi()
        try:
            linker.instantiate(store, module).exports(store)["_start"](store)  # type: ignore[operator]
        except (wasmtime.ExitTrap, wasmtime.Trap, wasmtime.WasmtimeError):
            pass
        finally:
            store.close()


def path_of(descriptor: int) -> str:
    """A name that opens the descriptor anew."""
    return f"/proc/self/fd/{descriptor}"


def main() -> None:
    """Both instances, until the checker has come to its end."""
    from wasmtime import Module

    path, guest, folder, *numbers = sys.argv[1:]
    memory, timeout_s, most = int(numbers[0]), float(numbers[1]), int(numbers[2])
    (Path(folder) / "job").write_bytes(sys.stdin.buffer.read())
    shared = engine()
    module = Module.deserialize_file(shared, path)
    questions, replies, printed = os.pipe(), os.pipe(), Printed(most)
    checks = Instance(["checker"], stdin=replies[0], stdout=questions[1], memory=_LARGEST_CHECKER)
    checks.wasi.stderr_file = path_of(1)
    checks.sees(folder, "/job")
    answers = Instance(["answer"], stdin=questions[0], stdout=replies[1], memory=memory)
    answers.wasi.stderr_custom = printed.take
    for instance in (checks, answers):
        instance.sees(guest, "/guest")
    for descriptor in (*questions, *replies):
        os.close(descriptor)
    last = LastWord(printed)

    def end() -> None:
        last.is_late = True
        shared.increment_epoch()
        worker.join(_PATIENCE_S)
        if worker.is_alive():
            last.say()

    timer = threading.Timer(timeout_s, end)
    worker = threading.Thread(target=answers.run, args=(module, shared, 1))
    for thread in (worker, timer):
        thread.daemon = True
        thread.start()
    checks.run(module, shared, _NEVER)
    last.say()


if __name__ == "__main__":
    main()
