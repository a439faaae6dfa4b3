"""A label that is to point at another version of its prompt → what has to be written into which file."""

from __future__ import annotations

import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import HarnessError, OptionError, UsageError
from harness.suite.label_edit import with_label, without_label
from harness.suite.mistakes import MistakeLog
from harness.suite.prompt_folder import PromptFolder, label_flaw
from harness.suite.text_file import MAX_YAML_BYTES, decoded, read_bytes
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.suite.prompt_file import VersionFile

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class FileEdit(Struct, frozen=True):
    """What becomes of one file."""

    path: Path
    """The file, links followed."""
    shown: str
    """As users see it."""
    before: bytes
    """What it holds."""
    after: bytes
    """What it is to hold."""


class LabelMove(Struct, frozen=True):
    """A label on its way."""

    before: str | None
    """The version that has it; None where none does."""
    edits: tuple[FileEdit, ...]
    """The new version's file first; none where it has the label already."""


def move_label(folder: Path, reference: str, label: str, *, root: Path) -> LabelMove:
    """How `label` comes to `reference` (`name@version`) in a suite's folder; nothing is written.

    Raises:
        UsageError: it is no label, or there is no such prompt or version.
        FilesError: mistakes in the prompt's files, or one that cannot be edited.

    """
    name, _, version = reference.partition("@")
    flaw = label_flaw(label)
    if flaw is not None:
        raise UsageError(f"promote: {flaw}")
    log = MistakeLog(root)
    try:
        prompt = PromptFolder(folder / "prompts", log).prompt(name)
    except OptionError as error:
        raise UsageError(f"promote: {error}") from error
    log.raise_if_any()
    if version not in prompt.files:
        at = prompt.labels.get(version)
        is_label = "" if at is None else f" (it is a label, at {at})"
        raise UsageError(
            f"promote: prompt '{name}' has no version {version!r}{is_label}; versions: {listed(prompt.files)}; name "
            f"one as {name}@{at or list(prompt.files)[-1]}.{did_you_mean(version, prompt.files)}"
        )
    before = prompt.labels.get(label)
    if before == version:
        return LabelMove(before, ())
    edits = [_edit(prompt.files[version], label, is_added=True)]
    if before is not None:
        edits.append(_edit(prompt.files[before], label, is_added=False))
    return LabelMove(before, tuple(edits))


def _edit(file: VersionFile | None, label: str, *, is_added: bool) -> FileEdit:
    assert file is not None, "a file that could not be read is a mistake"
    path, shown = file.path.resolve(), file.document.shown
    raw = read_bytes(path, shown, MAX_YAML_BYTES)
    text = decoded(raw, shown)
    changed = with_label(text, label, shown) if is_added else without_label(text, label, shown)
    mark = _BYTE_ORDER_MARK if raw.startswith(_BYTE_ORDER_MARK) else b""
    return FileEdit(path, shown, raw, mark + changed.encode())


def write_edits(edits: Sequence[FileEdit]) -> None:
    """Write all files, each in one step, or none.

    Raises:
        HarnessError: a file is read-only or cannot be written, or was changed meanwhile; the others are as they were.

    """
    fresh = [edit.path.with_name(f".{edit.path.name}-promote") for edit in edits]
    done: list[FileEdit] = []
    try:
        for edit in edits:
            _check_writable(edit)
        for edit, place in zip(edits, fresh, strict=True):
            place.write_bytes(edit.after)
            shutil.copymode(edit.path, place)
        for edit, place in zip(edits, fresh, strict=True):
            _check_unchanged(edit)
            place.replace(edit.path)
            done.append(edit)
    except BaseException as error:
        for edit in done:
            edit.path.write_bytes(edit.before)
        if isinstance(error, OSError):
            raise HarnessError(
                f"{_failed(error, edits).shown}: cannot be written ({error.strerror or error}); a writable folder is "
                "needed; no file was changed"
            ) from error
        raise
    finally:
        for place in fresh:
            with suppress(OSError):
                place.unlink(missing_ok=True)


def _check_writable(edit: FileEdit) -> None:
    """A new file in the place of a read-only one would be written all the same."""
    if not edit.path.stat().st_mode & stat.S_IWUSR:
        raise HarnessError(
            f"{edit.shown}: is read-only; a writable file is needed; no file was changed; run: chmod u+w {edit.shown}"
        )


def _failed(error: OSError, edits: Sequence[FileEdit]) -> FileEdit:
    """Which of them the error is about, whatever the file beside it is called that takes its place."""
    names = {str(name) for name in (error.filename, error.filename2) if name is not None}
    return next((edit for edit in edits if any(edit.path.name in name for name in names)), edits[0])


def _check_unchanged(edit: FileEdit) -> None:
    if edit.path.read_bytes() != edit.before:
        raise HarnessError(f"{edit.shown}: was changed meanwhile; nothing is written; run the command again")
