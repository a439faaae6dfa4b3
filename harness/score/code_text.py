"""A model's text → the program in it, joined with what the prompt began."""

from __future__ import annotations

import re
import textwrap

from msgspec import Struct

from harness.score.code_names import bound_names

_FENCE = re.compile(
    r"^[ \t]*(?P<marks>`{3,}+|~{3,}+)[ \t]*+(?P<language>[\w+#.-]*+)[^\n`]*+\n(?P<code>.*?)"
    r"(?:^[ \t]*(?P=marks)[`~]*[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_PYTHON = ("", "python", "py", "python3", "py3", "pycon")
_INDENT = "    "


class Joined(Struct, frozen=True):
    """A program, and which of its lines the model wrote."""

    source: str
    """The whole program."""
    first_line: int
    """The model's first line, from 1."""
    is_body: bool
    """Whether the model wrote on where the prompt ended, and not a whole program."""


def code_of(text: str, entry: str | None = None) -> str:
    """The code: of the fenced blocks the first that defines `entry`, else the first in Python; else the whole text."""
    blocks = [match for match in _FENCE.finditer(text) if match["language"].lower() in _PYTHON]
    if not blocks:
        return text.rstrip()
    codes = [match["code"].rstrip() for match in blocks]
    return next((code for code in codes if entry is not None and defines(code, entry)), codes[0])


def defines(code: str, entry: str) -> bool:
    """Whether the code binds the name at its outermost level; what can only be the body of a function does not."""
    text = textwrap.dedent(code.expandtabs(len(_INDENT)))
    names, is_whole = bound_names(text)
    if "return" in names:  # a body that uses the name for itself, unless it has the whole function before it
        return re.search(rf"^(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(entry)}\b", code, re.MULTILINE) is not None
    if names & {entry, "*"}:  # no function may import *
        return True
    return not is_whole and begun_at(text, entry) is not None


def begun_at(text: str, entry: str) -> int | None:
    """Where a line of the text begins to define the name; None where none does. The text need not be Python."""
    found = _definition(entry).search(text)
    return None if found is None else found.start()


def joined(code: str, prompt: str, entry: str) -> Joined:
    """The program that the answer's code makes with its prompt (signature and docstring of `entry`).

    A whole program keeps what the prompt has before the entry, its imports; a body is put below the prompt, indented
    where it is not. A prompt that does not begin the entry has nothing to be gone on with.
    """
    begun = begun_at(prompt, entry)
    if begun is None or defines(code, entry):
        return _after(prompt[: begun or 0], textwrap.dedent(code), is_body=False)
    return _after(prompt if prompt.endswith("\n") else f"{prompt}\n", _indented(code), is_body=True)


def _after(before: str, code: str, *, is_body: bool) -> Joined:
    code = code.rstrip()
    return Joined(f"{before}{code}\n" if code else before, before.count("\n") + 1, is_body)


def _definition(entry: str) -> re.Pattern[str]:
    name = re.escape(entry)
    return re.compile(
        rf"^(?:(?:async[ \t]+)?def[ \t]+{name}\b|class[ \t]+{name}\b|{name}[ \t]*(?::[^=\n]+)?=(?!=))", re.MULTILINE
    )


def _indented(code: str) -> str:
    """The body of a function; one whose first line lost its indentation, or all lines, gets it back."""
    lines = code.split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    if not lines or lines[0][:1] in (" ", "\t"):
        return "\n".join(lines)
    margins = [line[: len(line) - len(line.lstrip())] for line in lines[1:] if line.strip()]
    least = min(margins, key=_width, default="")
    is_block = lines[0].rstrip().endswith(":") and margins[:1] == [least]
    if least and not is_block:
        return "\n".join([least + lines[0], *lines[1:]])
    return "\n".join(_INDENT + line if line.strip() else line for line in lines)


def _width(margin: str) -> int:
    return len(margin.expandtabs(len(_INDENT)))
