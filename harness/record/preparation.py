"""What recording a run needs and can have before the run is over."""

from __future__ import annotations

import platform
import subprocess
import threading
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from harness.schema import Progress

_PACKAGES = ("pytest-prompt-suite", "pytest", "sacrebleu", "rouge-score-rs", "jinja2", "xllamacpp")
"""Distributions whose version can change a run."""
_LOOK_S = 0.05
"""Between looks whether the first calls are on their way: long enough to let all of them go."""
_LOOKS = 40
"""Looks after which imports begin in any case."""


class Preparation:
    """Libraries imported, versions and the commit looked up, while the first answers travel."""

    def __init__(
        self, root: Path, progress: Callable[[], Progress] | None = None, *, modules: Sequence[str] = ()
    ) -> None:
        """Begin, in a thread of its own; `root` lies in the checkout, if there is one.

        `modules` are those that are used only when the run is over. With `progress` all of it waits for the first
        calls: beside the engine's own start it would hold those up.
        """
        self._root = root
        self._modules = modules
        self._progress = progress
        self._is_wanted = threading.Event()
        self._versions: dict[str, str] = {}
        self._commit: str | None = None
        self._thread = threading.Thread(target=self._run, name="prompt-preparation", daemon=True)
        self._thread.start()

    @property
    def versions(self) -> Mapping[str, str]:
        """harness, python, pytest and the libraries that scores depend on."""
        self._end()
        return self._versions

    @property
    def git_commit(self) -> str | None:
        """HEAD of the checkout, with `+` when it is not clean; None outside a checkout."""
        self._end()
        return self._commit

    def _has_begun(self) -> bool:
        now = None if self._progress is None else self._progress()
        return now is None or now.calls + now.done > 0

    def _end(self) -> None:
        self._is_wanted.set()
        self._thread.join()

    def _run(self) -> None:
        for _ in range(_LOOKS):
            if self._has_begun() or self._is_wanted.wait(_LOOK_S):
                break
        self._commit = _git_commit(self._root)
        self._versions = _versions()
        for name in self._modules:
            import_module(name)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git_commit(root: Path) -> str | None:
    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(root), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - git and our own words
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
