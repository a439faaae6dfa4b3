"""code: whether an answer's program is Python, runs, passes its tests and keeps to the style guide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError, SandboxError
from harness.sandbox import IMAGE, INSTALL, ORDER, Limits, choose, run_all, style_flaws, unknown_rule
from harness.schema import Measure
from harness.score.code_forms import FORMS, case_of, columns_of_form
from harness.score.code_samples import flaw_of_sample
from harness.score.metric import failed, scored, unscored
from harness.score.options import Option, read_options
from harness.score.versions import library_version
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.sandbox import Outcome
    from harness.schema import Answer, Score
    from harness.score.code_forms import Case

NAMES = ("syntax_valid", "runs_successfully", "passes_tests", "follows_style_guide")
_LIMITS = Limits()
_LONGEST_REASON, _LONGEST_OUTPUT = 600, 1000
_MOST_CODES = 6
_VERSION = 1
_STYLE = ("E", "W")
"""Rules of pycodestyle."""


class Code:
    """Four yes-or-no measures of the program in an answer, which runs in a sandbox.

    Range: 0 or 1, each.
    Higher is better: yes.
    Empty input: an empty answer is a program that does nothing: Python, and it passes no test. Without tests
    `passes_tests` is unscored; without the form's columns all four are.
    Source: HumanEval (Chen et al. 2021, arXiv:2107.03374), MBPP (Austin et al. 2021, arXiv:2108.07732); PEP 8 by ruff.
    Deviations: tests run in a process of their own and get plain data from the answer's; see decision 0019.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("form", "choice", default="plain", choices=FORMS, meaning="Which columns hold the tests, and how."),
        Option("tests", "str", default="tests", meaning="Column of the tests; form `plain` alone reads it."),
        Option(
            "sandbox",
            "choice",
            default="auto",
            choices=("auto", *ORDER, "none"),
            meaning="What keeps programs in; `auto` takes the first that holds, `none` runs them as you.",
        ),
        Option("image", "str", default=IMAGE, meaning="What Docker's containers are made of; it is never pulled."),
        Option(
            "timeout_s", "float", default=_LIMITS.timeout_s, low=0.1, meaning="Seconds of a program with its tests."
        ),
        Option("memory_mb", "int", default=_LIMITS.memory_mb, low=64, meaning="MiB of address space."),
        Option("file_mb", "int", default=_LIMITS.file_mb, low=1, meaning="MiB of all files that it writes."),
        Option("output_kb", "int", default=_LIMITS.output_kb, low=1, meaning="KiB that it prints."),
        Option("threads", "int", default=_LIMITS.threads, low=1, meaning="Threads at a time; it starts no process."),
        Option("style", "free", default=_STYLE, meaning="Rules of ruff, by code or prefix."),
        Option("line_length", "int", default=88, low=20, meaning="Longest line that the style guide allows."),
    )
    NEEDS: ClassVar[tuple[str, ...]] = ("sandbox",)
    needs_references = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have, and when no sandbox holds on this machine."""
        chosen = self._options = read_options("code", self.OPTIONS, options)
        self.columns = columns_of_form(chosen["form"], chosen["tests"], is_named="tests" in options)
        self._style = _rules(chosen["style"])
        self._flaws: dict[str, str | None] = {}
        self._limits = Limits(
            **{name: chosen[name] for name in ("timeout_s", "memory_mb", "file_mb", "output_kb", "threads")}
        )
        try:
            self._sandbox = choose(chosen["sandbox"], chosen["image"])
        except SandboxError as error:
            raise OptionError(
                f"metric 'code': {error}; allowed: docker, bubblewrap or wasm, so that no generated program runs "
                f"unguarded; run: {INSTALL}",
                "sandbox" if "sandbox" in options else None,
            ) from error
        self.measures = tuple(
            Measure(name, "score", 0.0, 1.0, higher_is_better=True, signature=self._signature(name)) for name in NAMES
        )

    def _signature(self, name: str) -> str:
        chosen, limits = self._options, self._limits
        if name == "follows_style_guide":
            rules = "+".join(self._style)
            return f"{name}|rules:{rules}|line:{chosen['line_length']}|version:{_VERSION}|{library_version('ruff')}"
        form = chosen["form"] if chosen["form"] != "plain" else f"plain, tests in '{chosen['tests']}'"
        return (
            f"{name}|form:{form}|timeout:{limits.timeout_s:g} s|memory:"
            f"{limits.memory_mb} MB|files:{limits.file_mb} MB|output:{limits.output_kb} kB|threads:{limits.threads}"
            f"|version:{_VERSION}|sandbox:{self._sandbox.signature}"
        )

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """Four scores an answer; failed ones where the sandbox failed to start."""
        cases = [self._case(answer) for answer in answers]
        fit = [case for case in cases if not isinstance(case, str)]
        outcomes = iter(run_all(self._sandbox, [case.program for case in fit], self._limits))
        styles = iter(self._styles(fit))
        return [
            unscored(self.measures, case) if isinstance(case, str) else self._scores(next(outcomes), next(styles))
            for case in cases
        ]

    def _case(self, answer: Answer) -> Case | str:
        """The case, or why there is none."""
        key = repr([answer.variables.get(column.name, ...) for column in self.columns])
        if key not in self._flaws:  # repeats and variants share their sample
            self._flaws[key] = self.flaw_of_sample(answer.variables)
        return self._flaws[key] or case_of(self._options["form"], answer, self._options["tests"])

    def flaw_of_sample(self, variables: Mapping[str, Any]) -> str | None:
        """Why no answer to this sample can be scored; None when they can."""
        return flaw_of_sample(self._options["form"], variables, self._options["tests"])

    def _scores(self, outcome: Outcome | SandboxError, style: Score) -> tuple[Score, ...]:
        syntax, ran, passed, _ = self.measures
        if isinstance(outcome, SandboxError):
            return (*failed((syntax, ran, passed), str(outcome)), style)
        reason = _told(outcome)
        tests = unscored((passed,), "the sample has no tests")[0]
        if outcome.passed is not None:
            tests = scored(passed, outcome.passed, None if outcome.passed else reason)
        follows = style if outcome.syntax else scored(self.measures[3], 0, "it is no Python")
        return (
            scored(syntax, outcome.syntax, None if outcome.syntax else reason),
            scored(ran, outcome.ran, None if outcome.ran else reason),
            tests,
            follows,
        )

    def _styles(self, cases: Sequence[Case]) -> list[Score]:
        measure = self.measures[3]
        if not cases:
            return []
        try:
            found = style_flaws([case.program.source for case in cases], self._style, self._options["line_length"])
        except SandboxError as error:
            if len(cases) > 1:  # one text may be too much for ruff: it costs the others nothing
                return [score for case in cases for score in self._styles([case])]
            return [failed((measure,), str(error))[0]]
        scores = []
        for case, flaws in zip(cases, found, strict=True):
            own = [f"{flaw.code} in line {flaw.line}" for flaw in flaws if flaw.line >= case.first_line]
            more = f" and {len(own) - _MOST_CODES} more" if len(own) > _MOST_CODES else ""
            scores.append(scored(measure, not own, ", ".join(own[:_MOST_CODES]) + more or None))
        return scores


def _rules(given: Any) -> tuple[str, ...]:
    codes = (given,) if isinstance(given, str) else given
    if not isinstance(codes, list | tuple) or not codes or not all(_is_rule(code) for code in codes):
        raise OptionError(
            "metric 'code': option 'style' is not a list of ruff's rules; allowed: codes and prefixes such as E, W, "
            "E501; write for example 'style: [E, W]'",
            "style",
        )
    if tuple(codes) != _STYLE and (unknown := unknown_rule(codes)) is not None:
        raise OptionError(
            f"metric 'code': option 'style' names '{unknown}', which ruff does not know; allowed: its codes and "
            "prefixes such as E, W, E501; `ruff rule --all` lists them",
            "style",
        )
    return tuple(codes)


def _is_rule(code: object) -> bool:
    return isinstance(code, str) and code.isalnum() and code.isascii() and code[0].isupper()


def _told(outcome: Outcome) -> str:
    """Reason and output on one line each, bounded, control characters shown as what they are."""
    reason = one_line(outcome.reason, longest=_LONGEST_REASON)
    output = outcome.output.strip()
    if not output:
        return reason
    if len(output) > _LONGEST_OUTPUT:
        output = f"…{output[-_LONGEST_OUTPUT:]}"
    return f"{reason}; output: {one_line(output, longest=2 * _LONGEST_OUTPUT)}"
