"""Sandboxes by bubblewrap: namespaces of their own, never started by root."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import SandboxError
from harness.sandbox.cgroup import memory_group
from harness.sandbox.guest_folder import START, guest_folder
from harness.sandbox.interpreter import readable_interpreter
from harness.sandbox.process import Launch

if TYPE_CHECKING:
    from harness.sandbox.interpreter import Interpreter
    from harness.sandbox.job import Kind, Limits

NOBODY = 65534
"""The user and group that root drops to, and that every program finds itself to be."""
_NAMESPACES = ("user", "pid", "ipc", "net", "uts", "cgroup-try")
_TEMPORARY = "/tmp"  # noqa: S108 - the sandbox's own, where it leads to the work folder
_DEVICES = ("null", "zero", "urandom")
GUEST_ENVIRONMENT = {"PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "1"}
"""Sets have one order, and threads no address space of their own; the program finds even these gone."""
GRACE_S = 5.0
"""Seconds beyond a program's own for its sandbox to start and end, on a busy machine."""


def is_root() -> bool:
    """Whether this process has the rights of root, so that the launcher must drop them first."""
    return os.geteuid() == 0


class Bubblewrap:
    """bwrap, by the name under which it is found."""

    kind: Kind = "bubblewrap"

    def __init__(self, *, user: int = NOBODY, has_groups: bool = True) -> None:
        """`user` is the one that root drops to; SandboxError when a part of it is missing."""
        self._has_groups = has_groups
        self._bwrap = _found("bwrap", "bubblewrap")
        self._drop: list[str] = []
        if is_root():
            drop = ["--reuid", str(user), "--regid", str(user), "--clear-groups", "--inh-caps=-all", "--"]
            self._drop = [_found("setpriv", "util-linux"), *drop]
        interpreter = readable_interpreter(is_dropped=is_root())
        if interpreter is None:
            raise SandboxError("no Python that user 'nobody' can read; install one outside of root's folders")
        self._interpreter: Interpreter = interpreter
        self._guest = guest_folder(str(interpreter.program))
        self._parts: dict[Limits, tuple[list[str], list[str]]] = {}

    @property
    def signature(self) -> str:
        """What the number depends on."""
        return f"bubblewrap, python-{self._interpreter.version}"

    def launch(self, limits: Limits) -> Launch:
        """How one is started."""
        group = memory_group(limits) if self._has_groups else None
        launcher, program = self._command(limits)
        deadline_s = limits.timeout_s + GRACE_S
        if group is None:
            return Launch([*launcher, "--", *program], {}, deadline_s)
        told = ["--info-fd", str(group.told_fd), "--block-fd", str(group.block_fd)]
        command = [*launcher, *told, "--", *program]
        return Launch(command, {}, deadline_s, pass_fds=group.passed, started=group.admit, cleanup=group.leave)

    def _command(self, limits: Limits) -> tuple[list[str], list[str]]:
        """The launcher with its arguments, and what it starts; made once."""
        if limits not in self._parts:
            apart = [f"--unshare-{name}" for name in _NAMESPACES]
            launcher = [*self._drop, self._bwrap, *apart, *self._view(limits)]
            self._parts[limits] = (launcher, self._python(limits))
        return self._parts[limits]

    def _view(self, limits: Limits) -> list[str]:
        """What the program sees: the interpreter, the guest, three devices and an empty work folder."""
        prefix = str(self._interpreter.prefix)
        view = ["--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL", "--clearenv"]
        view += ["--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "sandbox"]
        view += ["--ro-bind", "/usr", "/usr"] if prefix == "/usr" else ["--ro-bind", prefix, "/python"]
        view += _libraries(is_usr_seen=prefix == "/usr")
        for name, value in GUEST_ENVIRONMENT.items():
            view += ["--setenv", name, value]
        view += ["--setenv", "LD_LIBRARY_PATH", "/python/lib"] if prefix != "/usr" else []
        view += ["--ro-bind", str(self._guest), "/guest", "--size", "65536", "--tmpfs", "/dev"]
        for name in _DEVICES:
            view += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
        view += ["--symlink", "urandom", "/dev/random"]
        view += ["--remount-ro", "/dev", "--size", str(limits.file_mb << 20), "--tmpfs", "/work"]
        view += ["--symlink", "work", _TEMPORARY, "--chdir", "/work", "--remount-ro", "/"]
        return view

    def _python(self, limits: Limits) -> list[str]:
        prefix = "/usr" if str(self._interpreter.prefix) == "/usr" else "/python"
        program = f"{prefix}/bin/{self._interpreter.program.name}"
        return [program, *guest_arguments("/guest", limits)]


def guest_arguments(place: str, limits: Limits) -> list[str]:
    """What the interpreter is told: to run the guest at this place, within these limits."""
    numbers = (
        limits.memory_mb << 20,
        math.ceil(limits.timeout_s) + 1,
        limits.file_mb << 20,
        limits.threads,
        limits.timeout_s,
        limits.output_kb << 10,
    )
    return ["-s", "-S", "-B", "-X", "utf8", "-c", START.format(place), *(str(number) for number in numbers)]


def _libraries(*, is_usr_seen: bool) -> list[str]:
    """The system's shared libraries and the loader, where programs look for them, with what links to /usr lead to."""
    view = []
    for name in ("/lib", "/lib64", "/lib32", "/libx32"):
        path = Path(name)
        if not is_usr_seen and Path(f"/usr{name}").is_dir():
            view += ["--ro-bind", f"/usr{name}", f"/usr{name}"]
        if path.is_symlink():
            view += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            view += ["--ro-bind", name, name]
    return view


def _found(command: str, package: str) -> str:
    path = shutil.which(command, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        raise SandboxError(f"'{command}' is not installed (package {package})")
    return path
