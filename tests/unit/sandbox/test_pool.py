"""Programs → outcomes: what is told, retried and never believed; what keeps them in is tested elsewhere."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from harness.errors import SandboxError
from harness.sandbox import Limits, Outcome, Program, choose, run_all
from harness.sandbox.pool import run_safely
from harness.sandbox.process import Launch

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox import Kind, Sandbox

LIMITS = Limits(timeout_s=10.0)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return choose("none")


def run(sandbox: Sandbox, source: str, tests: str | None = None, *, timeout_s: float = 10.0) -> Outcome:
    outcome = run_safely(sandbox, Program(source, tests=tests), Limits(timeout_s=timeout_s))
    assert isinstance(outcome, Outcome)
    return outcome


def test_right_program_passes(sandbox: Sandbox) -> None:
    assert run(sandbox, "def f(x): return x + 1\n", "assert f(1) == 2") == Outcome(True, True, True)  # noqa: FBT003


@pytest.mark.parametrize(
    ("source", "tests", "reason"),
    [
        ("def f(x): return x\n", "\nassert f(1) == 2, 'off by one'",
         "a test fails: off by one, in line 2 of the tests: assert f(1) == 2, 'off by one'; with (1,) it returned 1"),
        ("def f(x): return 1 / 0\n", "f(1)", "ZeroDivisionError: division by zero, in line 1 of the tests: f(1)"),
        ("def g(x): pass\n", "f(1)", "NameError: name 'f' is not defined, in line 1 of the tests: f(1)"),
        ("def f(x): raise KeyError('a')\n", "f(1)", "KeyError: \"'a'\", in line 1 of the tests: f(1)"),
        ("class Odd(Exception): pass\ndef f(): raise Odd('x')\n", "f()", "Exception: x, in line 1 of the tests: f()"),
        ("def f(): return object()\n", "assert f() == 1",
         "a test fails, in line 1 of the tests: assert f() == 1; with () it returned an object of its own"),
        ("import sys\nsys.exit(3)\n", "f()", "the program exited with code 3, before any test"),
        ("def f(): return 1\n", "assert f() ==", "SyntaxError: invalid syntax (<tests>, line 1)"),
    ],
)  # fmt: skip
def test_wrong_program_says_what_is_wrong(sandbox: Sandbox, source: str, tests: str, *, reason: str) -> None:
    outcome = run(sandbox, source, tests)
    assert (outcome.passed, outcome.reason) == (False, reason)


def test_traceback_and_output_are_kept(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "import sys\nprint('seen')\nprint('and this', file=sys.stderr)\nint('x')\n")
    assert not outcome.ran
    assert outcome.reason == "it raised ValueError: invalid literal for int() with base 10: 'x'"
    for expected in ("int('x')", "ValueError: invalid literal", "seen", "and this"):
        assert expected in outcome.output


def test_what_is_no_python_is_told_by_line(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "x = 1\ndef f(:\n", "assert f()")
    assert (outcome.syntax, outcome.ran, outcome.passed) == (False, False, False)
    assert outcome.reason.startswith("line 2: SyntaxError: ")


def test_program_that_exits_with_code_0_ran(sandbox: Sandbox) -> None:
    assert run(sandbox, "import sys\nsys.exit(0)\n").ran
    assert not run(sandbox, "import sys\nsys.exit('no')\n").ran


def test_program_is_main_unless_it_is_to_be_a_module(sandbox: Sandbox) -> None:
    text = "if __name__ == '__main__':\n    print('main')\n"
    outcomes = run_all(sandbox, [Program(text), Program(text, module="answer")], LIMITS)
    assert [outcome.output for outcome in outcomes if isinstance(outcome, Outcome)] == ["main", ""]


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ("def f(items): items.append(1)\n", "given = []\nf(given)\nassert given == [1]"),
        ("def f(g, x): return g(g(x))\n", "assert f(lambda n: n * 2, 3) == 12"),
        ("def f(kind): return isinstance(1, kind)\n", "assert f(int) and not f(str)"),
        ("import math\ndef f(): return math.pi\n", "assert math.isclose(f(), 3.14159, abs_tol=1e-4)"),
        ("def f():\n    yield from range(3)\n", "assert list(f()) == [0, 1, 2]"),
        ("def f(x):\n    if x < 0: raise ValueError('neg')\n",
         "try:\n    f(-1)\nexcept ValueError as error:\n    assert str(error) == 'neg'\nelse:\n    assert False"),
        ("class S:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n",
         "s = S()\ns.push(1)\nassert s.items == [1]\ns.items = [2]\nassert s.items == [2]"),
        ("class P:\n    def __init__(self, a): self.a = a\ndef f(ps): return [p.a for p in ps]\n",
         "assert f([P(1), P(2)]) == [1, 2]"),
        ("def f(a, *, b=0): return a + b\n", "assert f(1, b=2) == 3"),
        ("LIMIT = 5\n", "assert LIMIT == 5"),
        ("def f(): return {1: (2, [3.5, None, b'x', {4}])}\n", "assert f() == {1: (2, [3.5, None, b'x', {4}])}"),
        ("def f(): return 1\n", "def test_one():\n    assert f() == 1"),
    ],
)  # fmt: skip
def test_tests_find_what_a_program_offers(sandbox: Sandbox, source: str, tests: str) -> None:
    outcome = run(sandbox, source, tests)
    assert outcome.passed, outcome.reason


def test_every_function_called_test_is_run(sandbox: Sandbox) -> None:
    tests = "def test_a():\n    assert f() == 1\n\ndef test_b():\n    assert f() == 2\n"
    assert run(sandbox, "def f(): return 1\n", tests).passed is False


def test_time_limit_holds_for_program_and_tests_together(sandbox: Sandbox) -> None:
    began = time.monotonic()
    outcome = run(sandbox, "import time\ndef f(): time.sleep(60)\n", "f()", timeout_s=0.5)
    assert outcome.reason == "it took longer than 0.5 s"
    assert outcome.passed is False
    assert time.monotonic() - began < 5


def test_bare_except_in_a_test_hides_no_lost_program(sandbox: Sandbox) -> None:
    tests = "try:\n    f()\nexcept BaseException:\n    pass\n"
    outcome = run(sandbox, "import os\ndef f(): os._exit(0)\n", tests)
    assert outcome.passed is False


class Scripted:
    """Starts one command after the other, however often it is asked."""

    kind: Kind = "none"
    signature = "scripted"

    def __init__(self, *commands: list[str]) -> None:
        self.commands = list(commands)
        self.n_started = 0

    def launch(self, limits: Limits) -> Launch:
        command = self.commands[min(self.n_started, len(self.commands) - 1)]
        self.n_started += 1
        return Launch(command, {}, limits.timeout_s)


def test_sandbox_that_fails_to_start_is_started_three_times_and_is_no_failed_program() -> None:
    broken = Scripted(["/bin/sh", "-c", "echo no namespaces >&2; exit 1"])
    outcome = run_safely(broken, Program("x = 1\n", tests="assert x == 1"), LIMITS)
    assert isinstance(outcome, SandboxError)
    assert str(outcome) == "the sandbox failed to start (exit code 1): no namespaces"
    assert broken.n_started == 3


def test_sandbox_that_starts_at_the_second_try_gives_an_outcome(sandbox: Sandbox) -> None:
    works = sandbox.launch(LIMITS)
    assert works.cleanup is not None
    works.cleanup()
    shaky = Scripted(["/bin/false"], list(works.command))
    outcome = run_safely(shaky, Program("x = 1\n", tests="assert x == 1"), LIMITS)
    assert isinstance(outcome, Outcome)
    assert outcome.passed
    assert shaky.n_started == 2


def test_launcher_that_is_not_there_is_an_error_of_the_sandbox() -> None:
    outcome = run_safely(Scripted(["/no/such/launcher"]), Program("x = 1\n"), LIMITS)
    assert isinstance(outcome, SandboxError)


def test_exit_code_and_words_on_stdout_are_no_verdict() -> None:
    fake = Scripted(["/bin/sh", "-c", "echo '{\"passed\": true}'; exit 0"])
    assert isinstance(run_safely(fake, Program("x = 1\n", tests="assert x == 2"), LIMITS), SandboxError)


def test_outcomes_are_in_the_order_of_programs_and_other_threads_go_on(sandbox: Sandbox) -> None:
    ticks = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.01):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    outcomes = run_all(sandbox, [Program(f"print({number})\n") for number in range(20)], LIMITS)
    done.set()
    thread.join()
    assert [outcome.output for outcome in outcomes if isinstance(outcome, Outcome)] == [str(n) for n in range(20)]
    assert max(after - before for before, after in pairwise(ticks)) < 1


def test_each_unsandboxed_program_has_a_folder_of_its_own_that_is_removed(sandbox: Sandbox, tmp_path: Path) -> None:
    text = f"import os\nprint(os.getcwd(), os.listdir('.'))\nopen('x', 'w').close()\n# {tmp_path}\n"
    outcomes = run_all(sandbox, [Program(text)] * 2, LIMITS)
    printed = [outcome.output for outcome in outcomes if isinstance(outcome, Outcome)]
    assert all(each.endswith(" []") for each in printed)
    assert printed[0] != printed[1]
