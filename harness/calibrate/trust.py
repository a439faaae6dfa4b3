"""Whether a gate may stand on a judge's measure, and what reports say of its agreement with people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.calibrate.agreement import FEWEST
from harness.calibrate.file import read_calibrations
from harness.errors import RecordError
from harness.schema import Trust
from harness.wording import counted

if TYPE_CHECKING:
    from harness.calibrate.entry import Calibration
    from harness.schema import CalibrationRule, Estimate, Measure

UNCALIBRATED = "uncalibrated: its agreement with people is not known"
_ASKS = "|asks:"
"""Before each judge in a signature."""
_JUDGE = re.compile(
    r"(?P<provider>\S*) (?P<model>.*?)(@(?P<address>https?://\S*))? (?P<parameters>\{.*\})(?P<prints>( \w+:[0-9a-f]+)*)"
)
"""What stands behind it, see `harness.suite.judges.signed`."""
_ALWAYS = ("provider", "model", "address", "parameters")


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
        flaw = unfit(found)
        told = f"'{measure.name}' is a model's judgement, and {rule.shown} does not say how far it agrees with people"
        return None if flaw is None else f"{told}: {flaw}"
    return (
        f"'{measure.name}' is a model's judgement, and {rule.shown} was made with {_differing(found, measure)}: "
        "it says nothing about this one"
    )


def _differing(found: Calibration, measure: Measure) -> str:
    """What is not the same, in a few words."""
    (old, *were), (new, *are) = (signature.split(_ASKS) for signature in (found.signature, measure.signature))
    then, now = _parts(old), _parts(new)
    differing = [key for key in dict.fromkeys([*then, *now]) if then.get(key) != now.get(key)]
    words = ["another rubric" if key == "rubric" else f"another '{key}'" for key in differing]
    if were != are:
        words.append(f"another judge{_other_judge(were, are)}")
    return " and ".join(words) or "another order"


def _parts(signature: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in signature.split("|"):
        key, _, value = part.partition(":")
        parts[key] = f"{parts[key]}|{value}" if key in parts else value
    return parts


def _other_judge(were: list[str], are: list[str]) -> str:
    """In what the judges differ, in brackets; nothing where other models are asked, or more of them."""
    if len(were) != len(are):
        return ""
    words: dict[str, None] = {}
    for old, new in zip(map(_judge_parts, were), map(_judge_parts, are), strict=True):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                known = key in old or key in _ALWAYS
                words[key if known else f"{key}, which was not written down then"] = None
    return f" (it differs in {' and '.join(words)})" if words else ""


def _judge_parts(asked: str) -> dict[str, str]:
    """What a signature says of one judge: provider, model, address, parameters, and hashes by their words."""
    found = _JUDGE.fullmatch(asked)
    if found is None:
        return {"model": asked}
    parts = {key: found[key] or "" for key in _ALWAYS}
    return parts | dict(each.split(":") for each in found["prints"].split())


def unfit(found: Calibration) -> str | None:
    """Why the entry says nothing about the judge's agreement with people; None when it says something, good or bad."""
    independent = found.n if found.n_clusters is None else found.n_clusters
    if independent < FEWEST:
        grouped = " (a group counts as one)" if independent < found.n else ""
        return f"it rests on {counted(independent, 'independent answer')}{grouped}, and {FEWEST} are needed"
    known = found.estimates.get(_decisive(found))
    if known is None or known.low is None:
        why = found.lacking.get(_decisive(found), "one side does not vary")
        return f"no agreement is defined, because {why}"
    return None


def doubt(found: Calibration) -> str | None:
    """That an agreement, such as there is, cannot be told from none; None where it can, or where `unfit` has more."""
    known = found.estimates.get(_decisive(found))
    if known is None or known.low is None or known.high is None or known.low > 0:
        return None
    if known.high < 0:
        return "this is the opposite of what people say"
    return "this cannot be told from no agreement at all"


def _decisive(found: Calibration) -> str:
    """The number by which agreement is told from none: of pairs, equal verdicts prove little where most are equal."""
    return "kappa" if _is_pairwise(found) else "spearman"


def _is_pairwise(found: Calibration) -> bool:
    return "equal" in found.estimates


def _in_words(found: Calibration) -> str:
    """Of a calibration that is not unfit."""
    if not _is_pairwise(found):
        told = f"Spearman with people's ratings {_told(found.estimates['spearman'])}, n {found.n:,}"
    else:
        told = (
            f"verdicts equal to people's {_told(found.estimates['equal'])}, n {found.n:,}, "
            f"kappa {_told(found.estimates['kappa'])}"
        )
    said = doubt(found)
    return f"calibrated: {told}" + (f"; {said}" if said else "")


def _told(known: Estimate) -> str:
    ends = "" if known.low is None or known.high is None else f" ({known.low:.2f} to {known.high:.2f})"
    return f"{known.value:.2f}{ends}"
