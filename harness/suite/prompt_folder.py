"""`prompts/` of a suite: which versions and labels a prompt has, and which one a reference means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import FilesError, OptionError
from harness.suite.prompt_file import read_version
from harness.suite.text_file import unreadable
from harness.suite.values import quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.suite.mistakes import MistakeLog
    from harness.suite.prompt_file import VersionFile

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_VERSION_FILE = re.compile(rf"v(?P<version>{_VERSION.pattern})\.yaml")
_VERSION_LIKE = re.compile(r"v?[0-9]+(\.[0-9]+)*")
_PROMPT_NAME = re.compile(r"\w[\w.+-]*")
_LABEL = re.compile(r"\w[\w.+-]*")


class Prompt(Struct, frozen=True):
    """A folder below `prompts/`."""

    files: Mapping[str, VersionFile | None]
    """Version → file, lowest version first; None for a file that could not be read."""
    labels: Mapping[str, str]
    """Label → version."""


class PromptFolder:
    """Reads each prompt's folder once."""

    def __init__(self, folder: Path, log: MistakeLog) -> None:
        """`folder` is the suite's `prompts/`."""
        self._folder = folder
        self._log = log
        self._prompts: dict[str, Prompt] = {}

    def find(self, reference: str) -> VersionFile | None:
        """The file that `name`, `name@version` or `name@label` means; None when it is broken.

        Raises OptionError when there is no such prompt, version or label.
        """
        name, at, which = reference.partition("@")
        prompt = self.prompt(name)
        versions = list(prompt.files)
        if not at:
            return prompt.files[versions[-1]]
        if which in prompt.files:
            return prompt.files[which]
        if which in prompt.labels:
            return prompt.files[prompt.labels[which]]
        if None in prompt.files.values() and not _VERSION_LIKE.fullmatch(which):
            return None  # the broken file may hold the label
        labels = list(prompt.labels)
        meant = did_you_mean(which, [*versions, *labels])
        raise OptionError(
            f"prompt {quoted(name)} has no version or label {quoted(which)}; versions: {listed(versions)}; "
            f"labels: {listed(labels)}" + (f".{meant}" if meant else "; name one of them")
        )

    def prompt(self, name: str) -> Prompt:
        """All versions of a prompt; mistakes in them are logged. Raises OptionError when there is no such prompt."""
        if name not in self._prompts:
            paths = _version_paths(self._folder / name, self._log) if _PROMPT_NAME.fullmatch(name) else {}
            if not paths:
                raise OptionError(self._unknown(name))
            files = {version: read_version(name, version, path, log=self._log) for version, path in paths.items()}
            self._prompts[name] = Prompt(files, _labels(files, self._log))
        return self._prompts[name]

    def _unknown(self, name: str) -> str:
        if not self._folder.is_dir():
            shown = self._log.shown(self._folder)
            return f"prompt {quoted(name)} is unknown; there is no folder {shown}; make {shown}/{name}/v1.yaml"
        folders = [name for name in _entries(self._folder, self._log) if (self._folder / name).is_dir()]
        if name in folders:
            shown = self._log.shown(self._folder / name)
            return f"prompt {quoted(name)} has no version; files like v1.yaml are allowed; make {shown}/v1.yaml"
        meant = did_you_mean(name, folders)
        tail = f".{meant}" if meant else "; name one of them, or make its folder"
        return f"prompt {quoted(name)} is unknown; available: {listed(folders)}{tail}"


def _version_paths(folder: Path, log: MistakeLog) -> dict[str, Path]:
    """Version → file, lowest version first; files whose names were meant as versions are logged."""
    paths: dict[str, Path] = {}
    for name in _entries(folder, log) if folder.is_dir() else ():
        match = _VERSION_FILE.fullmatch(name)
        if match:
            paths[match["version"]] = folder / name
        elif re.fullmatch(r"v.*\.ya?ml", name):
            message = "the file's name is no version; names like v1.yaml or v1.10.yaml are allowed; rename it"
            log.add(log.shown(folder / name), None, message)
    return dict(sorted(paths.items(), key=lambda item: (version_key(item[0]), item[0])))


def _entries(folder: Path, log: MistakeLog) -> list[str]:
    """Sorted names in a folder; raises FilesError when it cannot be listed."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise FilesError([unreadable(error, log.shown(folder))]) from None


def version_key(version: str) -> tuple[int, ...]:
    """Orders versions by number: 1.10 comes after 1.9.

    >>> version_key("1.10") > version_key("1.9")
    True
    """
    return tuple(int(part) for part in version.split("."))


def label_flaw(label: str) -> str | None:
    """Why a text cannot be a label; None when it can."""
    if _VERSION_LIKE.fullmatch(label):
        return f"label {quoted(label)} looks like a version; other words are allowed; rename it"
    if not _LABEL.fullmatch(label):
        return f"label {quoted(label)} cannot follow '@'; letters, digits and . _ - + are allowed; rename it"
    return None


def _labels(files: Mapping[str, VersionFile | None], log: MistakeLog) -> dict[str, str]:
    """Label → version; labels of two versions, and labels that are no labels, are logged."""
    labels: dict[str, str] = {}
    for version, file in files.items():
        for index, label in enumerate(file.form.metadata.labels if file is not None else ()):
            if file is None:
                continue
            before = labels.setdefault(label, version)
            message = label_flaw(label)
            if message is None and before != version:
                message = (
                    f"label {quoted(label)} is also in v{before}.yaml; one version has a label; remove one of them"
                )
            if message is None:
                continue
            log.add(file.document.shown, file.document.mark(("metadata", "labels", index)), message)
    return labels
