"""What is run before a sandbox is trusted: a program that must pass, one that must fail, one that tries to get out."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from typing import TYPE_CHECKING

from harness.errors import SandboxError
from harness.sandbox.job import Limits, Program
from harness.sandbox.pool import run_once

if TYPE_CHECKING:
    from harness.sandbox.pool import Sandbox

_LIMITS = Limits(timeout_s=10.0)
_PLAIN = "def double(number):\n    return 2 * number\n"
_PROBE = """
import os
found = {}

def attempt(name, action):
    try:
        found[name] = repr(action())[:80]
    except BaseException as error:
        pass

def connect():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.settimeout(0.5)
        line.connect(("127.0.0.1", PORT))

def send():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"out", ("192.0.2.1", 9))

def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.remove(path)

def fork():
    if os.fork() == 0:
        os._exit(0)

attempt("connects", connect)
attempt("sends", send)
attempt("forks", fork)
attempt("starts a program", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("traces", lambda: os.open("/proc/1/mem", os.O_RDWR))
attempt("reads the host's files", lambda: open(SECRET).read())
for folder in ("/", "/usr", "/guest", "/etc", "/root", "/home", "/var/tmp"):
    attempt("writes to " + folder, lambda: write(folder.rstrip("/") + "/canary"))
if dict(os.environ):
    found["has an environment"] = repr(dict(os.environ))[:80]
print(found)
"""
_HELD = "{}"


def prove(sandbox: Sandbox) -> None:
    """Return when the sandbox runs programs, judges them and holds them; SandboxError says what it did not."""
    for tests, expected in (("assert double(4) == 8", True), ("assert double(4) == 9", False)):
        found = run_once(sandbox, Program(_PLAIN, tests=tests), _LIMITS)
        if found.passed is not expected:
            raise SandboxError(f"the canary's tests gave {found.passed} where {expected} is right: {found.reason}")
    if sandbox.kind == "none":
        return
    with tempfile.NamedTemporaryFile(prefix="prompt-suite-canary-") as secret, _listening() as server:
        os.chmod(secret.name, 0o644)  # noqa: PTH101 - a name is all that the file has
        probe = _PROBE.replace("PORT", str(server.getsockname()[1])).replace("SECRET", json.dumps(secret.name))
        done = run_once(sandbox, Program(probe), _LIMITS)
    if not done.ran or done.output.strip() != _HELD:
        raise SandboxError(f"the canary got out: {' '.join((done.reason + ' ' + done.output).split())[:300]}")


def _listening() -> socket.socket:
    """A port of this machine that takes calls."""
    return socket.create_server(("127.0.0.1", 0))
