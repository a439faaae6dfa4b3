"""The file that says how far a judge agrees with people: bound to the judge, its rubric and every option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from harness.calibrate.entry import Calibration  # noqa: TC001 - msgspec reads the annotations
from harness.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEAD = """\
# How far a judge agrees with people. Written by `prompt-suite judge calibrate`; commit it beside the suite. It holds
# for this signature alone: another judge, parameter, rubric or option needs another calibration.
"""


class _File(Struct, frozen=True):
    """The whole file."""

    version: int = 1
    """Of the form."""
    measures: dict[str, Calibration] = field(default_factory=dict)
    """By measure."""


def read_calibrations(path: Path) -> Mapping[str, Calibration]:
    """The entries by measure; empty without a file. RecordError when it cannot be read."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert(content, _File).measures
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecordError(
            f"{path.name}: the calibration cannot be read ({line}); allowed: what `prompt-suite judge calibrate` "
            "writes; write it again with that"
        ) from error


def write_calibrations(path: Path, measures: Mapping[str, Calibration]) -> None:
    """Put the entries into the file, beside those of other measures; RecordError when it cannot be written."""
    import yaml

    every = {**(read_calibrations(path) if path.is_file() else {}), **measures}
    content = {"version": 1, "measures": {name: _entry(every[name]) for name in sorted(every)}}
    text = _HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=118, default_flow_style=None)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordError(
            f"{path}: the calibration cannot be written ({error.strerror}); a writable folder is needed; name another "
            "file with --write FILE"
        ) from error


def _entry(calibration: Calibration) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(calibration)
    plain["estimates"] = {name: _rounded(each) for name, each in plain["estimates"].items()}
    return plain


def _rounded(estimate: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in estimate.items()}
