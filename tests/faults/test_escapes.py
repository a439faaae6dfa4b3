"""Programs that try to get out of the sandbox, or to fake a verdict: none does, by whomever the launcher is started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import SandboxError
from harness.sandbox.bubblewrap import Bubblewrap
from harness.sandbox.canary import prove
from harness.sandbox.job import Limits, Outcome, Program
from harness.sandbox.pool import run_all, run_once
from harness.sandbox.wasm import Wasm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandbox.pool import Sandbox

ESCAPES = sorted((Path(__file__).parent / "escapes").glob("*.py"))
NAMES = [path.stem for path in ESCAPES]
MARKER = "86413"
VARIABLE = "PROMPT_SUITE_ESCAPE_TEST"
TESTS = "assert answer() == 42, 'test-secret-80231'\n"
LIMITS = Limits(timeout_s=3.0, memory_mb=256, file_mb=8, output_kb=64)
needs_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is not installed; run: apt-get install bubblewrap util-linux"
)


class Machine:
    """What the programs might reach: ports, sockets, files, the harness's own process."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="escape-")))
        self.folder.chmod(0o777)
        self.secret = self.folder / "secret"
        self.secret.write_text("machine-secret-51973")
        self.secret.chmod(0o644)
        self.abstract = f"prompt-suite-{os.getpid()}"
        self.tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.bind(("127.0.0.1", self.tcp.getsockname()[1]))
        self.by_path = stack.enter_context(socket.socket(socket.AF_UNIX))
        self.by_path.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o777)
        self.by_name = stack.enter_context(socket.socket(socket.AF_UNIX))
        self.by_name.bind(f"\0{self.abstract}")
        for listening in (self.by_path, self.by_name):
            listening.listen()
        for each in (self.tcp, self.udp, self.by_path, self.by_name):
            each.settimeout(0)

    def filled_in(self, text: str) -> str:
        known = {
            "PORT": str(self.tcp.getsockname()[1]), "FOLDER": str(self.folder), "SECRET": str(self.secret),
            "ABSTRACT": self.abstract, "PID": str(os.getpid()), "MARKER": MARKER, "VARIABLE": VARIABLE,
            "TEST_SECRET": "80231",
        }  # fmt: skip
        for name, value in known.items():
            text = text.replace(f"@{name}@", value)
        return text


class Tried:
    """What came of every program under one kind of launcher."""

    def __init__(self, outcomes: dict[str, Outcome | SandboxError], machine: Machine) -> None:
        self.outcomes, self.machine = outcomes, machine


def launched_by_this_user() -> Sandbox:
    return Bubblewrap()


def launched_by_an_ordinary_user() -> Sandbox:
    """As user 54321 has it, without control groups; where the tests are not root's, as they have it themselves."""
    return Bubblewrap(user=54321, has_groups=False)


@pytest.fixture(
    scope="module", params=[launched_by_this_user, launched_by_an_ordinary_user, Wasm], ids=["own", "ordinary", "wasm"]
)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    if request.param is not Wasm and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed; run: apt-get install bubblewrap util-linux")
    os.environ[VARIABLE] = "set"
    with ExitStack() as stack:
        stack.callback(os.environ.pop, VARIABLE)
        machine = Machine(stack)
        try:
            sandbox = request.param()
        except SandboxError as error:
            pytest.skip(f"{error}; run: pip install 'pytest-prompt-suite[wasm]'")
        programs = [Program(machine.filled_in(path.read_text()), tests=TESTS) for path in ESCAPES]
        yield Tried(dict(zip(NAMES, run_all(sandbox, programs, LIMITS), strict=True)), machine)


def test_there_are_programs_enough() -> None:
    assert len(ESCAPES) >= 80


@pytest.mark.parametrize("name", NAMES)
def test_program_neither_gets_out_nor_passes(tried: Tried, name: str) -> None:
    outcome = tried.outcomes[name]
    assert isinstance(outcome, Outcome), f"the sandbox failed: {outcome}"
    assert "ESCAPED" not in outcome.output
    assert outcome.passed is False
    assert outcome.reason


def test_nothing_reached_the_machine(tried: Tried) -> None:
    machine = tried.machine
    for listening in (machine.tcp, machine.by_path, machine.by_name):
        with pytest.raises(BlockingIOError):
            listening.accept()
    with pytest.raises(BlockingIOError):
        machine.udp.recv(1)
    assert sorted(path.name for path in machine.folder.iterdir()) == ["secret", "socket"]
    assert machine.secret.read_text() == "machine-secret-51973"


def test_no_process_outlives_its_sandbox(tried: Tried) -> None:  # noqa: ARG001 - after all of them
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"sleep {MARKER}" not in running
    assert "from guest.main import main" not in running


@needs_bubblewrap
@pytest.mark.parametrize("launch", [launched_by_this_user, launched_by_an_ordinary_user])
def test_canary_trusts_what_holds(launch: type[Bubblewrap]) -> None:
    prove(launch())


@needs_bubblewrap
def test_result_does_not_depend_on_the_program_before() -> None:
    sandbox = launched_by_this_user()
    leaves = Program("open('left', 'w').write('x')\nopen('/tmp/left', 'w').write('x')\n")
    looks = Program("import os\nprint(sorted(os.listdir('.')), sorted(os.listdir('/tmp')), os.getcwd())\n")
    outcomes = [run_once(sandbox, program, LIMITS) for program in (looks, leaves, looks)]
    assert all(outcome.ran for outcome in outcomes)
    assert outcomes[0] == outcomes[2]
    assert outcomes[2].output == "[] [] /work"


@needs_bubblewrap
@pytest.mark.parametrize("value", ["range(10**12)", "('x' for _ in iter(int, 1))", "[[0] * 10**6] * 40"])
def test_value_that_grows_in_the_hands_of_the_tests_is_held_too(value: str) -> None:
    program = Program(f"def answer():\n    return {value}\n", tests="assert list(answer()) * 10**6 == [42]\n")
    outcome = run_once(launched_by_an_ordinary_user(), program, LIMITS)
    assert outcome.passed is False
    assert any(word in outcome.reason for word in ("MemoryError", "plain data", "longer than 3 s"))


@needs_bubblewrap
def test_program_has_no_descriptors_but_its_own() -> None:
    looks = (
        "import os\nfound = []\nfor number in range(4096):\n    try:\n        os.fstat(number)\n"
        "        found.append(number)\n    except OSError:\n        pass\nprint(len(found), found[:3])\n"
    )
    for sandbox in (launched_by_this_user(), launched_by_an_ordinary_user()):
        assert run_once(sandbox, Program(looks), LIMITS).output == "5 [0, 1, 2]"


@needs_bubblewrap
def test_launcher_has_no_environment_and_is_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "set")
    launch = Bubblewrap(has_groups=False).launch(LIMITS)
    assert dict(launch.environment) == {}
    if os.geteuid() == 0:
        assert Path(launch.command[0]).name == "setpriv"
        assert launch.command[1:5] == ["--reuid", "65534", "--regid", "65534"]
