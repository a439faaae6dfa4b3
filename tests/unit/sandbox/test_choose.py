"""Which sandbox is taken, and what is said when none holds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import OptionError, SandboxError
from harness.sandbox import Limits, Outcome, Program, run_all
from harness.sandbox import choose as choose_cached
from harness.sandbox.bubblewrap import Bubblewrap
from harness.sandbox.canary import prove
from harness.sandbox.docker import Docker
from harness.sandbox.interpreter import Interpreter, is_open_to_all
from harness.sandbox.process import Launch
from harness.score.code import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandbox import Kind

choose = choose_cached.__wrapped__  # what was found before does not count here

FAKE_DOCKER = f"""#!{sys.executable}
import os, sys
words = sys.argv[1:]
with open(os.environ["HOME"] + "/log", "a") as log:
    log.write(" ".join(words).replace(chr(10), " ") + chr(10))
if words[0] == "info":
    print("28.0.0")
elif words[0] == "image":
    print("sha256:" + "ab" * 32)
elif words[0] == "run":
    at = words.index("python3")
    guest = next(word for word in words if word.startswith("--volume=")).split("=", 1)[1].split(":")[0]
    os.execve(sys.executable, [sys.executable] + [word.replace("/guest", guest) for word in words[at + 1:]], {{}})
"""


@pytest.fixture
def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client that runs containers as plain processes, and writes down what it was told."""
    client = tmp_path / "docker"
    client.write_text(FAKE_DOCKER)
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "log"


def test_docker_gives_containers_nothing_and_removes_them(fake_docker: Path) -> None:
    docker = Docker("python:3.12-slim")
    limits = Limits(memory_mb=192, file_mb=16)
    outcomes = run_all(docker, [Program("def f(): return 1\n", tests="assert f() == 1")], limits)
    assert [outcome.passed for outcome in outcomes if isinstance(outcome, Outcome)] == [True]
    started, removed = fake_docker.read_text().splitlines()[-2:]
    for expected in (
        "--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--cpus=0.5",
        "--user=65534:65534", "--pull=never", "--memory=272m", "--memory-swap=272m", "--pids-limit=20",
    ):  # fmt: skip
        assert expected in started.split()
    name = next(word for word in started.split() if word.startswith("--name=")).removeprefix("--name=")
    assert removed == f"rm --force {name}"
    assert docker.signature == "docker, python:3.12-slim@abababababab"


@pytest.mark.usefixtures("fake_docker")
def test_containers_that_hold_nothing_are_not_trusted() -> None:
    with pytest.raises(SandboxError, match=r"^no sandbox holds on this machine \(docker: the canary got out: .*"):
        choose("docker")


def test_without_any_sandbox_the_metric_is_refused_with_the_line_that_installs_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_holds(*_names: str) -> None:
        raise SandboxError("no sandbox holds on this machine (docker: no engine answers)")

    monkeypatch.setattr("harness.score.code.choose", none_holds)
    with pytest.raises(OptionError) as raised:
        Code({"form": "humaneval"})
    assert str(raised.value) == (
        "metric 'code': no sandbox holds on this machine (docker: no engine answers); allowed: docker, bubblewrap or "
        "wasm, so that no generated program runs unguarded; run: apt-get install bubblewrap util-linux, or: pip "
        "install 'pytest-prompt-suite[wasm]'"
    )


def test_nothing_is_run_unsandboxed_when_no_sandbox_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Docker", "Bubblewrap", "Wasm"):
        monkeypatch.setattr(f"harness.sandbox.order.{name}", _missing)
    with pytest.raises(SandboxError) as raised:
        choose("auto")
    assert str(raised.value) == (
        "no sandbox holds on this machine (docker: not here; bubblewrap: not here; wasm: not here)"
    )
    assert choose("none").kind == "none"


def _missing(*_arguments: object) -> None:
    raise SandboxError("not here")


class Believing:
    """Says of every program that it passed."""

    kind: Kind = "bubblewrap"
    signature = "believing"

    def launch(self, limits: Limits) -> Launch:
        found = "{'syntax':True,'ran':True,'passed':True,'reason':'','trace':'','output':''}"
        root = str(Path(__file__).parents[3])
        code = (
            f"import sys; sys.path.insert(0, {root!r}); from harness.sandbox.guest import channel, wire; "
            f"channel.send(1, wire.pack('ready') + wire.pack({found}))"
        )
        return Launch([sys.executable, "-c", code], {}, limits.timeout_s)


def test_canary_does_not_trust_a_sandbox_that_passes_everything() -> None:
    with pytest.raises(SandboxError, match="the canary's tests gave True where False is right"):
        prove(Believing())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all may enter, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_interpreter_below_a_closed_folder_is_not_open_to_all(open_folder: Path) -> None:
    prefix = open_folder / "closed" / "python"
    for path in ("bin/python3.11", "lib/python3.11/os.py", "lib/python3.11/lib-dynload/x.so"):
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text("")
    interpreter = Interpreter(prefix, "3.11")
    assert is_open_to_all(interpreter)
    (open_folder / "closed").chmod(0o700)
    assert not is_open_to_all(interpreter)


def test_missing_bubblewrap_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sandbox.bubblewrap.shutil.which", lambda *_names, **_options: None)
    with pytest.raises(SandboxError) as raised:
        Bubblewrap()
    assert str(raised.value) == "'bwrap' is not installed (package bubblewrap)"
