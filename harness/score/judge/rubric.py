"""What a judge is to rate: criteria with what they mean, and the scale."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.errors import OptionError
from harness.schema import canonical_json, content_hash
from harness.score.options import shown
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from harness.schema import MetricSpec

_NAME = re.compile(r"[A-Za-z_][\w-]{0,59}")
_KEYS = ("name", "version", "criteria", "scale")
_WIDEST = 100
"""Most values of a scale."""


class Criterion(Struct, frozen=True):
    """One thing that is rated."""

    name: str
    """As in the measure's name."""
    description: str
    """What it means, for the judge."""
    steps: str = ""
    """How it is rated; empty lets the judge write that itself, once."""


class Rubric(Struct, frozen=True):
    """What is rated, and how high."""

    name: str
    """For the signature."""
    version: str
    """For the signature."""
    criteria: tuple[Criterion, ...]
    """In the order of the measures."""
    scale: tuple[int, int]
    """Least and greatest score."""

    @property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of all that it says."""
        criteria = [[each.name, each.description, each.steps] for each in self.criteria]
        return content_hash([canonical_json([self.name, self.version, criteria, list(self.scale)])])

    def of(self, names: Iterable[str], *, where: str = "metric 'judge'") -> Rubric:
        """The rubric with these criteria only; OptionError for one that it has not."""
        known = {each.name: each for each in self.criteria}
        chosen = []
        for name in names:
            if name not in known:
                raise OptionError(
                    f"{where}: criterion {shown(name)} is not in rubric '{self.name}'; available: "
                    f"{listed(list(known))}.{did_you_mean(name, list(known))} Give own ones with what they mean: "
                    "criteria: {name: description}",
                    "criteria",
                )
            chosen.append(known[name])
        return Rubric(self.name, self.version, tuple(chosen), self.scale)


ANSWERS = Rubric(
    "answers",
    "1",
    (
        Criterion(
            "accuracy",
            "Every statement of the answer is right and agrees with the task's material and with the reference, where "
            "there is one; nothing is made up.",
        ),
        Criterion(
            "completeness", "The answer covers everything that the task asks for, and leaves out nothing needed."
        ),
        Criterion("clarity", "The answer is easy to understand: well put, to the point, without what does not belong."),
    ),
    (1, 5),
)
"""The built-in rubric: what people ask of an answer first."""


def own_rubric(descriptions: Mapping[str, Any], scale: tuple[int, int], *, where: str = "metric 'judge'") -> Rubric:
    """A rubric of criteria that the suite file describes."""
    return Rubric("own", "", _criteria(descriptions, key="criteria", where=where), scale)


def rubric_of(content: Mapping[str, Any], *, where: str) -> Rubric:
    """The rubric of a file's content: name, version, criteria (name → description, or description and steps), scale."""
    criteria = _criteria(content.get("criteria"), key="rubric", where=where)
    given = content.get("scale")
    scale = ANSWERS.scale if given is None else read_scale(given, key="rubric", where=where)
    return Rubric(str(content["name"]), str(content["version"]), criteria, scale)


def rubric_flaws(content: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with the content of a rubric file whose form is right: (place in it, message)."""
    criteria = content["criteria"].items()
    flaws = [(("criteria", name), flaw) for name, about in criteria if (flaw := _flaw_of_criterion(name, about))]
    scale = content.get("scale")
    flaw = None if scale is None else _flaw_of_scale(scale)
    return [*flaws, *([(("scale",), flaw)] if flaw else [])]


def read_rubric(path: Path, *, where: str = "metric 'judge'") -> Rubric:
    """The rubric in a YAML file, for metrics of no suite: the loader of a suite reads files itself, and tells more."""
    where = f"{where}: rubric {path.name}"
    content = _content(path, where)
    if not isinstance(content, dict):
        raise OptionError(f"{where} is {shown(content)}; allowed: a mapping with {listed(_KEYS)}", "rubric")
    for key in content:
        if key not in _KEYS:
            meant = did_you_mean(str(key), _KEYS)
            raise OptionError(f"{where} has the key {shown(key)}; allowed: {listed(_KEYS)}.{meant}", "rubric")
    for key, example in (("name", "support"), ("version", "'1'")):
        if not isinstance(content.get(key), str | int | float) or isinstance(content.get(key), bool):
            raise OptionError(
                f"{where} has no {key}; it is in the signature; write for example {key}: {example}", "rubric"
            )
    return rubric_of(content, where=where)


def chosen_rubric(spec: MetricSpec, values: Mapping[str, Any]) -> Rubric:
    """The rubric that the options mean: a file's, criteria of the suite file's own, or the built-in one."""
    criteria, path, scale = values["criteria"], values["rubric"], values.get("scale")
    where = f"metric '{spec.name}'"
    chosen = None if scale is None else read_scale(scale, key="scale", where=where)
    if isinstance(criteria, dict):
        if path is not None:
            raise OptionError(
                f"{where}: criteria with their meaning and a rubric file are given; one of the two is allowed; name "
                "criteria of the file only, or leave it out",
                "criteria",
            )
        return own_rubric(criteria, chosen or ANSWERS.scale, where=where)
    if not isinstance(criteria, list | tuple):
        raise OptionError(
            f"{where}: criteria is {shown(criteria)}; allowed: a list of names from the rubric, or a mapping of names "
            "to what they mean",
            "criteria",
        )
    rubric = ANSWERS
    if spec.rubric is not None:
        rubric = rubric_of(spec.rubric, where=f"{where}: rubric {path}")
    elif path is not None:
        rubric = read_rubric(spec.folder / path, where=where)
    rubric = rubric.of(criteria, where=where) if criteria else rubric
    return rubric if chosen is None else Rubric(rubric.name, rubric.version, rubric.criteria, chosen)


def read_scale(given: Any, *, key: str, where: str) -> tuple[int, int]:
    """Least and greatest score; OptionError for anything but two whole numbers in order."""
    flaw = _flaw_of_scale(given)
    if flaw is not None:
        raise OptionError(f"{where}: {flaw}", key)
    low, high = given
    return low, high


def _flaw_of_scale(given: Any) -> str | None:
    if isinstance(given, list | tuple) and len(given) == 2:  # noqa: PLR2004 - least and greatest
        low, high = given
        if type(low) is int and type(high) is int and 0 <= low < high <= _WIDEST:
            return None
    return (
        f"scale is {shown(given)}; allowed: least and greatest whole number from 0 to {_WIDEST}, in this order; write "
        "for example 'scale: [1, 5]'"
    )


def _content(path: Path, where: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(
            f"{where} cannot be read ({error.strerror}); write a path beside the suite file", "rubric"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OptionError(f"{where} is not valid YAML ({str(error).splitlines()[0]}); mend it", "rubric") from error


def _criteria(given: Any, *, key: str, where: str) -> tuple[Criterion, ...]:
    if not isinstance(given, dict) or not given:
        raise OptionError(
            f"{where}: criteria is {shown(given)}; allowed: a mapping of names to what they mean, such as "
            "{tone: The answer is polite.}",
            key,
        )
    return tuple(_criterion(name, about, key=key, where=where) for name, about in given.items())


def _criterion(name: Any, about: Any, *, key: str, where: str) -> Criterion:
    flaw = _flaw_of_criterion(name, about)
    if flaw is not None:
        raise OptionError(f"{where}: {flaw}", key)
    parts = _parts(about)
    return Criterion(name, parts["description"].strip(), parts.get("steps", "").strip())


def _flaw_of_criterion(name: Any, about: Any) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return (
            f"{shown(name)} cannot name a criterion; allowed: at most 60 letters, digits, _ and -, a letter or _ "
            "first; rename it"
        )
    parts = _parts(about)
    description = parts.get("description")
    is_sound = isinstance(description, str) and description.strip() and isinstance(parts.get("steps", ""), str)
    if is_sound and parts.keys() <= {"description", "steps"}:
        return None
    return (
        f"criterion '{name}' is {shown(about)}; allowed: what it means, or a mapping of description and steps, each a "
        f"text; write for example '{name}: The answer is polite.'"
    )


def _parts(about: Any) -> dict[str, Any]:
    return about if isinstance(about, dict) else {"description": about}
