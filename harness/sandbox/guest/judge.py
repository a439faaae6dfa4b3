"""A program and its tests → what came of it, in the process of the checks."""

from __future__ import annotations

from . import checker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

_LONGEST_LINE = 500


class Case:
    """One program under test, step by step; `finding` grows with them."""

    def __init__(self, job: Mapping[str, Any], line: checker.Line, tell: Callable[[str], None]) -> None:
        """`tell` gets the name of each step that was passed."""
        self._job, self._line, self._tell = job, line, tell
        self.has_tests = job["tests"] is not None
        self.finding: dict[str, Any] = {"syntax": None, "ran": None, "passed": None, "reason": "", "trace": ""}

    def run(self) -> None:
        """All steps, until one fails."""
        flaw = self._line.parse(self._job["program"])
        self.finding.update(syntax=flaw is None, ran=False, passed=False if self.has_tests else None)
        if flaw is not None:
            self.finding["reason"] = f"line {flaw[0]}: {flaw[1]}"
            return
        self._tell("parsed")
        names = self._names()
        if names is None:
            return
        self.finding["ran"] = True
        self._tell("ran")
        if self.has_tests:
            self._test(names)

    def _names(self) -> list[str] | None:
        """What the program defines; None when it failed."""
        try:
            return list(self._line.ask("run", self._job["module"])[0])
        except checker.ExitedError as error:
            self.finding["ran"] = error.code == 0
            self.finding["reason"] = f"{error}, before any test"
        except Exception as error:  # noqa: BLE001 - whatever the program raised
            self.finding["reason"] = f"it raised {_named(error)}"
            self.finding["trace"] = self._line.traceback
        return None

    def _test(self, names: list[str]) -> None:
        try:
            self._run_tests(names)
        except AssertionError as error:
            said = f": {error}" if str(error) else ""
            self.finding["reason"] = f"a test fails{said}{self._place(error)}{checker.last_told(self._line)}"
        except checker.ExitedError as error:
            self.finding["reason"] = f"{error}, when it was called by a test"
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a test, or what it called
            self.finding["reason"] = f"{_named(error)}{self._place(error)}"
            self.finding["trace"] = self._line.traceback
        else:
            self.finding["passed"] = True

    def _place(self, error: BaseException) -> str:
        return _place(error, {"<tests>": self._job["tests"], "<setup>": self._job["setup"]})

    def _run_tests(self, names: list[str]) -> None:
        job = self._job
        tests, setup = job["tests"], job["setup"]
        world: dict[str, Any] = {"__name__": "tests"}
        _run_leniently(job["helpers"], world)
        code = [_compiled(text, name) for text, name in ((setup, "<setup>"), (tests, "<tests>"))]
        wanted = {name for each in code for name in _used(each)} - set(world)
        entry = job["entry"]
        world |= checker.bound_names(self._line, names, wanted | {entry}, entry=entry)
        if entry is not None and not isinstance(world.get(entry), checker.Remote):
            raise NameError(f"the program does not define '{entry}'")
        for each in code:
            exec(each, world)  # noqa: S102 - that is what this process is for
        if job["calls_check"]:
            world["check"](world[entry])
        else:
            for name, value in list(world.items()):
                if name.startswith("test_") and not isinstance(value, checker.Remote):
                    value()


def finding_of(case: Case, flaws: list[str]) -> dict[str, Any]:
    """What came of the case; `flaws` gets why the process of the answer cannot be asked any more."""
    try:
        case.run()
    except checker.GoneError as error:
        flaws.append(str(error))
    found = case.finding
    if flaws:  # also when a test has caught it
        found.update(syntax=bool(found["syntax"]), ran=bool(found["ran"]), reason=flaws[0])
        found["passed"] = False if case.has_tests else None
    return found


def _compiled(text: str, name: str) -> CodeType:
    return compile(text, name, "exec", dont_inherit=True)


def _run_leniently(text: str, world: dict[str, Any]) -> None:
    """What a prompt defines beside the function that is asked for; nothing when it is no program."""
    for candidate in (text, f"{text}\n    pass\n"):
        try:
            exec(compile(candidate, "<prompt>", "exec", dont_inherit=True), world)  # noqa: S102 - as above
        except Exception:  # noqa: BLE001, S112 - then the tests must do without
            continue
        return


def _used(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names |= _used(constant)
    return names


def _named(error: BaseException) -> str:
    text = str(error)
    name = "" if isinstance(error, checker.AnswerError) else type(error).__name__
    return ": ".join(part for part in (name, text) if part)[:_LONGEST_LINE]


def _place(error: BaseException, texts: Mapping[str, str]) -> str:
    """The last line of the tests that was reached, of the texts by file name."""
    trace, number, name = error.__traceback__, 0, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in texts:
            number, name = trace.tb_lineno, trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    lines = texts.get(name, "").split("\n")
    if not 0 < number <= len(lines):
        return ""
    return f", in line {number} of the {name.strip('<>')}: {lines[number - 1].strip()[:_LONGEST_LINE]}"
