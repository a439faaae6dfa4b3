"""Files of a git checkout, as they were at a revision."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from harness.errors import RecordError, UsageError
from harness.wording import one_line

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_S = 60.0
_UNKNOWN = "such revision; a branch, tag or commit that was fetched"


def committed(revision: str, path: Path, root: Path) -> bytes:
    """The file's bytes at the revision; `root` lies in the checkout.

    Raises:
        UsageError: there is no such revision.
        RecordError: git is missing, there is no checkout, or the revision has no such file.

    """
    where = f"git:{one_line(revision)}"
    top = _git(root, "rev-parse", "--show-toplevel", where=where, lacking="git checkout; one with baselines in it")
    folder = top.decode("utf-8", "surrogateescape").rstrip("\n")
    if revision.startswith("-"):  # git would read an option
        raise _lacks(where, _UNKNOWN)
    name = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", where=where, lacking=_UNKNOWN)
    commit = name.decode("ascii").strip()
    try:
        inside = path.resolve().relative_to(folder).as_posix()
    except ValueError:
        raise RecordError(
            f"{where}: {path} lies outside the checkout {folder}; a baseline below it is needed; "
            "give its path instead of a revision"
        ) from None
    lacking = f"{inside} in commit {commit[:12]}; a commit that has it"
    return _git(root, "cat-file", "blob", f"{commit}:{inside}", where=where, lacking=lacking)


def _git(root: Path, *arguments: str, where: str, lacking: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 - git, no shell
    except FileNotFoundError:
        raise RecordError(
            f"{where}: git is not installed; it is needed for a baseline of another revision; "
            "install it, or give the path of a baseline"
        ) from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise RecordError(
            f"{where}: git cannot be asked ({one_line(str(error))}); an answer of it is needed; "
            "give the path of a baseline"
        ) from error
    if done.returncode:
        raise _lacks(where, lacking)
    return done.stdout


def _lacks(where: str, what: str) -> RecordError | UsageError:
    """`what` is not there; it ends with what is needed."""
    kind = UsageError if what == _UNKNOWN else RecordError
    return kind(f"{where}: there is no {what} is needed; give another revision, or the path of a baseline")
