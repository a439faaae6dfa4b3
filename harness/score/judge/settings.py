"""Options that all judges have: who judges, what they are shown, and where their agreement with people is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import OptionError
from harness.schema import CalibrationRule, ColumnUse
from harness.score.options import Option, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, MetricSpec

TRUST_OPTIONS = (
    Option("calibration", "str", None, "path of the calibration file; without it `calibrations/` beside the suite"),
    Option(
        "uncalibrated",
        "choice",
        "refuse",
        "whether gates may stand on it when nobody has compared it with people",
        choices=("refuse", "allow"),
    ),
)


def read_judges(metric: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the backends that judge: one, or a panel. OptionError unless it is just one of the two."""
    backend, panel = values["backend"], values.get("panel")
    if (backend is None) == (panel is None):
        has = "has both 'backend' and 'panel'" if backend is not None else "needs the option 'backend'"
        raise OptionError(
            f"metric '{metric}' {has}; allowed: backend: NAME for one judge"
            + (", or panel: [NAME, NAME …] for several" if "panel" in values else ""),
            "panel" if backend is not None else None,
        )
    if panel is None:
        return (backend,)
    is_sound = isinstance(panel, list | tuple) and all(isinstance(name, str) and name for name in panel)
    if not is_sound or len(set(panel)) < max(2, len(panel)):
        raise OptionError(
            f"metric '{metric}': panel is {shown(panel)}; allowed: two or more backends, each once; name one judge "
            "with backend: NAME",
            "panel",
        )
    return tuple(panel)


def read_rule(
    spec: MetricSpec, values: Mapping[str, Any], *, is_pairwise: bool = False, against: str | None = None
) -> CalibrationRule:
    """Where the metric's agreement with people is looked for, and what its judges are shown."""
    shown_path = values["calibration"] or f"calibrations/{spec.name}.yaml"
    return CalibrationRule(
        path=spec.folder / shown_path,
        shown=shown_path,
        is_required=values["uncalibrated"] != "allow",
        is_pairwise=is_pairwise,
        against=against,
        material=_columns(spec, values["material"]),
    )


def sent(word: str, spec: MetricSpec, judges: Sequence[str], *, is_wanted: bool) -> str | None:
    """What a signature says of something that is asked for by a call's parameters; None when no judge is asked for it.

    Not every backend takes parameters: of a panel those are named that get none.
    """
    deaf = [name for name in judges if name in spec.deaf]
    if not is_wanted or len(deaf) == len(judges):
        return None
    return f"{word}, not of {'+'.join(deaf)}" if deaf else word


def read_columns(rule: CalibrationRule, values: Mapping[str, Any]) -> tuple[ColumnUse, ...]:
    """The columns that the judge is shown because `material` names them: those of the prompts are checked as theirs."""
    return () if values["material"] is None else tuple(ColumnUse(name, "material") for name in rule.material)


def lacking(columns: Sequence[ColumnUse], answer: Answer) -> str | None:
    """Why a judge cannot rate the answer: a column that it is to be shown is not there; None when all are."""
    missing = next((each.name for each in columns if each.name not in answer.variables), None)
    return None if missing is None else f"the sample has no column '{missing}', which the judge is to be shown"


def _columns(spec: MetricSpec, given: Any) -> tuple[str, ...]:
    """Columns that the judge is shown; those of the suite's prompts when nothing is said."""
    if given is None:
        return spec.inputs
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) and name for name in given):
        raise OptionError(
            f"metric '{spec.name}': material is {shown(given)}; allowed: a list of columns, [] for none", "material"
        )
    return tuple(given)
