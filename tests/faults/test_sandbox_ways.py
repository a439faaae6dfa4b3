"""What a program finds, and what is said of it, is the same whoever ran before and by whichever interpreter."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.sandbox.bubblewrap import Bubblewrap
from harness.sandbox.guest.main import Watch
from harness.sandbox.guest_folder import guest_folder
from harness.sandbox.interpreter import Interpreter
from harness.sandbox.job import Limits, Program
from harness.sandbox.pool import run_once
from harness.sandbox.wasm import Wasm

LIMITS = Limits(timeout_s=10.0, memory_mb=256, file_mb=16)
CYCLES = (
    "def {name}():\n    for _ in range(2_500_000):\n        one = [0, 0, 0, 0]\n        one.append(one)\n    return 1\n"
)
FILLS = (
    "held = bytearray(200 << 20)\nfor place in range(0, len(held), 4096):\n    held[place] = 1\n"
    "open('file', 'wb').write(bytes(15 << 20))\nprint('it fits')\n"
)
LOOKS = (
    "import gc, os, posix, sys\nprint(sys.version_info[:2], dict(os.environ), dict(posix.environ), gc.isenabled())\n"
    "try:\n    os.fork()\nexcept PermissionError:\n    print('held')\n\n\ndef answer():\n    return 42\n"
)
needs_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is not installed; run: apt-get install bubblewrap util-linux"
)


def _installed() -> list[Interpreter]:
    """The harness's own interpreter, and others beside it: pyenv and hosted runners have them side by side."""
    own = Path(sys.base_prefix)
    found = {Interpreter(own, f"{sys.version_info[0]}.{sys.version_info[1]}")}
    for program in own.parent.glob("3.*/bin/python3.*"):
        if re.fullmatch(r"python3\.1[0-3]", program.name):
            found.add(Interpreter(program.parents[1], program.name.removeprefix("python")))
    return sorted(found, key=lambda each: str(each.program))


@needs_bubblewrap
@pytest.mark.parametrize("interpreter", _installed(), ids=lambda each: each.version)
def test_guest_runs_by_any_interpreter_wherever_it_lies(interpreter: Interpreter) -> None:
    sandbox = Bubblewrap(user=os.geteuid())
    sandbox._interpreter, sandbox._guest = interpreter, guest_folder(str(interpreter.program))
    outcome = run_once(sandbox, Program(LOOKS, tests="assert answer() == 42"), LIMITS)
    assert outcome.passed is True
    assert outcome.output == f"({interpreter.version.replace('.', ', ')}) {{}} {{}} True\nheld"


@needs_bubblewrap
@pytest.mark.parametrize("has_groups", [True, False])
def test_cycles_are_collected_in_the_program_and_in_its_tests(*, has_groups: bool) -> None:
    tests = CYCLES.format(name="churn") + "assert churn() == answer() == 1\n"
    limits = Limits(timeout_s=30.0, memory_mb=40)
    outcome = run_once(Bubblewrap(has_groups=has_groups), Program(CYCLES.format(name="answer"), tests=tests), limits)
    assert (outcome.passed, outcome.reason) == (True, "")


@needs_bubblewrap
@pytest.mark.parametrize("end", ["", "import os\nos.kill(os.getpid(), 9)\n", "while True:\n    held += held\n"])
def test_all_memory_is_there_again_for_the_next_in_a_control_group(end: str) -> None:
    sandbox = Bubblewrap()
    before = run_once(sandbox, Program(FILLS), LIMITS)
    run_once(sandbox, Program(FILLS + end), LIMITS)
    assert before == run_once(sandbox, Program(FILLS), LIMITS)
    assert before.output == "it fits"


@needs_bubblewrap
def test_what_the_tests_import_is_never_what_the_program_left() -> None:
    names = ("os", "array", "resource", "ctypes", "struct", "random", "collections")
    plants = (
        "import sys\nfor folder in ('/work', '/tmp', '/guest', '/dev', '.'):\n"
        f"    for name in {names}:\n        try:\n            open(f'{{folder}}/{{name}}.py', 'w').write('1 / 0')\n"
        "        except OSError:\n            pass\nsys.path.insert(0, '/work')\n\n\ndef answer():\n    return 42\n"
    )
    tests = f"import {', '.join(names)}\nassert answer() == 42\nassert os.urandom(8)\n"
    outcome = run_once(Bubblewrap(), Program(plants, tests=tests), LIMITS)
    assert (outcome.passed, outcome.reason) == (True, "")


def test_end_of_a_program_is_told_alike_however_soon_it_is_noticed() -> None:
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 3"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    watch = Watch(pid, questions=-1, replies=-1, output=-1, limits={"output": 1, "timeout": 1.0})
    assert watch._end() == "it ended by itself with code 3, before its end was reached"


@pytest.mark.skipif(find_spec("wasmtime") is None, reason="run: pip install 'pytest-prompt-suite[wasm]'")
def test_program_that_sleeps_in_webassembly_is_ended_soon_after_its_time() -> None:
    sandbox = Wasm()
    begun = time.monotonic()
    outcome = run_once(sandbox, Program("print(1, flush=True)\nimport time\ntime.sleep(90)\n"), Limits(timeout_s=1.0))
    assert (outcome.syntax, outcome.ran, outcome.passed, outcome.output) == (True, False, None, "1")
    assert outcome.reason == "it took longer than 1 s, its tests included"
    assert time.monotonic() - begun < 15
