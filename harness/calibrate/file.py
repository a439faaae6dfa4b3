"""The file that says how far a judge agrees with people: bound to the judge, its rubric and every option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from harness.errors import RecordError
from harness.schema import Estimate, Trust  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.schema import CalibrationRule, Measure

_HEAD = """\
# How far a judge agrees with people. Written by `prompt-suite judge calibrate`; commit it beside the suite. It holds
# for this signature alone: another judge, parameter, rubric or option needs another calibration.
"""
UNCALIBRATED = "uncalibrated: its agreement with people is not known"


class Calibration(Struct, frozen=True):
    """One measure's entry."""

    signature: str
    """The measure's, with its judge's provider, model, address and parameters: what the numbers hold for."""
    calibrated_at: str
    """Date, UTC."""
    labels: str
    """The file with people's ratings, as it was named."""
    labels_hash: str
    """First 16 hex digits of the SHA-256 of what was rated."""
    n: int
    """Answers (or pairs) that both rated."""
    n_unscored: int
    """Answers that the judge did not rate."""
    estimates: dict[str, Estimate]
    """By name."""
    categories: list[float]
    """What rows and columns of the confusion stand for."""
    confusion: list[list[int]]
    """Rows are the people's ratings, columns the judge's."""
    note: str = ""
    """What else to know, such as that the judge is too small to be one."""


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


def trust(rule: CalibrationRule, measure: Measure) -> Trust:
    """What the file says about the measure, and whether a gate may stand on it."""
    try:
        found = read_calibrations(rule.path).get(measure.name)
        flaw = _flaw(rule, measure, found)
    except RecordError as error:
        found, flaw = None, str(error)
    if flaw is None and found is not None:
        return Trust(_in_words(found))
    if not rule.is_required:
        return Trust(UNCALIBRATED)
    return Trust(
        UNCALIBRATED,
        f"{flaw}; allowed: a measure whose judge, rubric and options were compared with people's ratings; run: "
        "prompt-suite judge calibrate SUITE --labels FILE, or write uncalibrated: allow in the metric's options",
    )


def _flaw(rule: CalibrationRule, measure: Measure, found: Calibration | None) -> str | None:
    if found is None:
        why = f"{rule.shown} does not hold '{measure.name}'" if rule.path.exists() else f"there is no {rule.shown}"
        return f"'{measure.name}' is a model's judgement, and its agreement with people is not known: {why}"
    if found.signature == measure.signature:
        return None
    return (
        f"'{measure.name}' is a model's judgement, and {rule.shown} was made with {_differing(found, measure)}: "
        "it says nothing about this one"
    )


def _differing(found: Calibration, measure: Measure) -> str:
    """What is not the same, in a few words."""
    old, new = (_parts(signature) for signature in (found.signature, measure.signature))
    differing = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    words = {"asks": "another judge", "rubric": "another rubric"}
    return " and ".join(dict.fromkeys(words.get(key, f"another '{key}'") for key in differing)) or "another order"


def _parts(signature: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in signature.split("|"):
        key, _, value = part.partition(":")
        parts[key] = f"{parts[key]}|{value}" if key in parts else value
    return parts


def _in_words(found: Calibration) -> str:
    name = "equal" if "equal" in found.estimates else "spearman"
    known = found.estimates.get(name)
    what = "verdicts equal to people's" if name == "equal" else "Spearman with people's ratings"
    if known is None:
        return f"calibrated on {found.n:,} ratings by people: no correlation is defined, the ratings do not vary"
    ends = "" if known.low is None or known.high is None else f" ({known.low:.2f} to {known.high:.2f})"
    return f"calibrated: {what} {known.value:.2f}{ends}, n {found.n:,}"
