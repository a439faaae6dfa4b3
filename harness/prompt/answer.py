"""The model's text → the answer, as the prompt's `output:` asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.prompt.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.schema import OutputSpec, Suite, Trial, Variant

MAX_REGEX_TEXT = 100_000
"""Characters that `output.regex` looks at; the rest of a longer text is not searched."""

_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})(.*)")
_DECORATION = "* \t"


def answer_reader(suites: Iterable[Suite]) -> Callable[[Trial, str], str]:
    """What reads the answer of a trial of these suites from the model's text, as `read_answer`."""
    variants = {(suite.name, variant.name): variant for suite in suites for variant in suite.variants}
    return lambda trial, text: read_answer(variants[trial.suite, trial.variant], text)


def read_answer(variant: Variant, text: str) -> str:
    """The answer in `text`: what follows the chain of thought's prefix, then each step of `output:` in turn.

    Raises OutputError when a step finds nothing. The user's own regular expression runs on untrusted text: only its
    first MAX_REGEX_TEXT characters are searched, and nothing stops a pattern that backtracks exponentially.
    """
    prompt = variant.prompt
    where = f"prompt {prompt.name}@{prompt.version}"
    answer = text
    reasoning = variant.techniques.chain_of_thought
    if reasoning is not None:
        answer = _after_prefix(answer, reasoning.answer_prefix, whole=_may_span_lines(prompt.output))
    return _read(prompt.output, answer, where)


def _read(spec: OutputSpec, text: str, where: str) -> str:
    if spec.strip_fences:
        text = _without_fences(text)
    if spec.last_line:
        text = _last_line(text, where)
    if spec.regex is not None:
        text = _matched(spec.regex, text, where)
    if spec.json_schema is not None:
        from harness.prompt.json_answer import read_json

        text = read_json(spec.json_schema, text, where)
    return text


def _may_span_lines(spec: OutputSpec) -> bool:
    return spec.strip_fences or spec.last_line or spec.json_schema is not None


def _after_prefix(text: str, prefix: str, *, whole: bool) -> str:
    """What follows the last `prefix`: its first line that says something, or all of it; without a prefix the text.

    `**Answer**: yes` has the prefix `Answer:` too: Markdown may stand before its colon.
    """
    words = prefix.strip()
    if not words:
        return text
    pattern = re.escape(words[:-1]) + r"[*_]*:" if words.endswith(":") else re.escape(words)
    end = None
    for found in re.finditer(pattern, text, re.IGNORECASE):
        end = found.end()
    if end is None:
        return text
    rest = text[end:]
    if whole:
        return rest.strip(_DECORATION + "\n")
    lines = (line.strip().strip(_DECORATION).strip() for line in rest.splitlines())
    return next((line for line in lines if line), "")


def _without_fences(text: str) -> str:
    """The content of the first fenced block; an unclosed one reaches to the end; without any, the text."""
    lines = text.splitlines()
    for first, line in enumerate(lines):
        opened = _FENCE.fullmatch(line)
        if opened and not (opened[1][0] == "`" and "`" in opened[2]):
            content = lines[first + 1 :]
            ends = (at for at, other in enumerate(content) if _closes(other, opened[1]))
            return "\n".join(content[: next(ends, len(content))])
    return text


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and set(bare) == {fence[0]}


def _last_line(text: str, where: str) -> str:
    for line in reversed(text.splitlines()):
        if line.strip():
            return line.strip()
    raise OutputError(f"{where}: output.last_line found no line in an empty text; at least one line is expected")


def _matched(pattern: str, text: str, where: str) -> str:
    try:
        found = re.search(pattern, text[:MAX_REGEX_TEXT])
    except re.error as error:
        raise OutputError(f"{where}: output.regex is not a regular expression: {error}; mend it") from None
    if found is None:
        what = f"output.regex '{shown(pattern)}' found nothing in the text {quoted(text)}"
        raise OutputError(f"{where}: {what}; the text must match; mend output.regex or ask for that form")
    first = found[1] if found.re.groups else None
    return found[0] if first is None else first


def quoted(text: str) -> str:
    """The first 80 characters of a model's text in quotes, harmless in a terminal."""
    return f'"{shown(text)}"'
