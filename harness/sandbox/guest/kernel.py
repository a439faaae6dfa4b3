"""What the kernel is asked to refuse: limits of a process, and system calls that no program under test needs."""

from __future__ import annotations

import _ctypes
import _struct as struct
import resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NO_NEW_PRIVILEGES, _SECCOMP, _DUMPABLE = 38, 22, 4
_FILTER_MODE = 2
_MOST_FILES = 64


class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]  # as ctypes makes it
    _type_ = "B"


def limit(*, memory: int, cpu_s: int, file_size: int, threads: int) -> None:
    """Set limits for this process, for good: bytes of address space and of a file, seconds of CPU, threads."""
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _MOST_FILES,
        resource.RLIMIT_NPROC: threads,
    }
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (least, least))


def refuse_calls(program: bytes) -> None:
    """Load a seccomp filter, for good: `program` holds its instructions. OSError when the kernel does not take it."""
    instructions = (_Byte * len(program)).from_buffer_copy(program)
    _prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _prctl(_SECCOMP, _FILTER_MODE, struct.pack("H6xQ", len(program) // 8, _ctypes.addressof(instructions)))


def close_to_others() -> None:
    """Let no process of the same user read or trace this one."""
    _prctl(_DUMPABLE, 0, 0, 0, 0)


def _prctl(*arguments: Any) -> None:
    """prctl(2), without the 5 ms that importing all of ctypes takes."""
    library = _ctypes.dlopen(None, 2)  # type: ignore[arg-type]  # None is the program itself
    if _ctypes.call_function(_ctypes.dlsym(library, "prctl"), arguments) != 0:
        raise OSError(f"prctl {arguments[0]} was refused")
