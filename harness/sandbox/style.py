"""Texts → what ruff finds wrong with their style. It reads them and runs nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE_S = 60.0
_UNKNOWN = re.compile(r"[Uu]nknown rule selector:? [`'](\S+?)[`']")
"""As ruff 0.17 says it."""


class Flaw(Struct, frozen=True):
    """One thing that the style guide asks otherwise."""

    line: int
    """From 1."""
    code: str
    """As in E501."""


def unknown_rule(rules: Sequence[str]) -> str | None:
    """The first of the rules that ruff does not know, in its words; None when it knows all, or does not answer."""
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="prompt-suite-style-") as folder:
        command = [find_ruff_bin(), "check", "--isolated", "--no-cache", "--exit-zero", f"--select={','.join(rules)}"]
        (Path(folder) / "0.py").write_bytes(b"")
        try:
            done = subprocess.run(  # noqa: S603 - ruff is our own
                [*command, folder], capture_output=True, check=False, timeout=_PATIENCE_S, env={}, cwd=folder
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    said = _UNKNOWN.search(done.stderr.decode("utf-8", "replace"))
    return said[1] if said else None


def style_flaws(texts: Sequence[str], rules: Sequence[str], line_length: int) -> list[list[Flaw]]:
    """The flaws of each text, in order, all by one start of ruff; SandboxError when it does not answer."""
    from ruff import find_ruff_bin

    with tempfile.TemporaryDirectory(prefix="prompt-suite-style-") as folder:
        for number, text in enumerate(texts):
            (Path(folder) / f"{number}.py").write_bytes(text.encode("utf-8", "replace"))
        command = [
            find_ruff_bin(), "check", "--isolated", "--no-cache", "--preview", "--quiet", "--exit-zero",
            "--ignore-noqa", "--output-format=json", "--target-version=py312", f"--line-length={line_length}",
            f"--select={','.join(rules)}", folder,
        ]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 - ruff is our own; the texts lie in files with names of our own
                command, capture_output=True, check=False, timeout=_PATIENCE_S, env={}, cwd=folder
            )
            found = json.loads(done.stdout or b"[]")
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise SandboxError(f"ruff did not answer ({type(error).__name__})") from error
        if done.returncode != 0:
            raise SandboxError(f"ruff failed: {' '.join(done.stderr.decode('utf-8', 'replace').split())[:200]}")
    flaws: list[list[Flaw]] = [[] for _ in texts]
    for each in found:
        number = int(os.path.basename(each["filename"]).removesuffix(".py"))  # noqa: PTH119 - a name, not a path
        flaws[number].append(Flaw(each["location"]["row"], each["code"] or "invalid-syntax"))
    return flaws
