"""preamble_free: whether the model comes to the point without a preamble."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from harness.schema import Measure
from harness.score.metric import scored
from harness.score.options import Option, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score

_VERSION = 1
"""Of the rules below: raise it with every change."""
_LOOKED_AT = 400
"""Characters of the beginning that the rules for texts look at: a preamble is short."""
_SHOWN = 60
_ACKNOWLEDGEMENTS = (
    "absolutely|all right|alright|certainly|definitely|glad to help|good question|got it|great|great question|"
    "happy to help|no problem|of course|ok|okay|sure|sure thing|thank you|thanks|understood|yes, of course"
)
_ACKNOWLEDGED = re.compile(rf"(?:{_ACKNOWLEDGEMENTS})\s*[!,.:;\u2013\u2014-](?=\s)", re.IGNORECASE)
_OFFERED = re.compile(
    r"(?:i['\u2019]?(?:d| would| will|['\u2019]ll|['\u2019]m| am| can)(?: be)?(?: very| more than)? )"
    r"(?:happy|glad|pleased|help you|assist you)\b",
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(r"as an? (?:ai|artificial intelligence|(?:large )?language model)\b", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"(?:here(?:['\u2019]s| is| are)?|below(?: is| are)?|the following|this is|these are|i(?:['\u2019]ve| have| will)|"
    r"let me|(?:the|my|your|based on|according to)\b[^\n:]*\b(?:answer|code|csv|follows|json|list|object|output|"
    r"response|result|summary|translation|xml|yaml))\b[^\n:]*:[*_]{0,2}(?:[ \t]*\n|[ \t]*(?=[{\[<`]))",
    re.IGNORECASE,
)
_RULES = (
    ("acknowledges", _ACKNOWLEDGED),
    ("offers help", _OFFERED),
    ("speaks of itself", _OF_ITSELF),
    ("announces", _ANNOUNCED),
)
_FENCE = re.compile(r"(?:`{3,}|~{3,})[^\n`]*(?:\n|$)")
_BEGINNINGS = {
    "json": re.compile(r'\{\s*(?:["}]|$)|\[\s*(?:[]"\-\d\[{]|true\b|false\b|null\b|$)'),
    "xml": re.compile(r"<[?!]?[^\W\d]"),
    "code": _FENCE,
}


class PreambleFree:
    """1 when the model's text begins with what was asked for, else 0; the preamble rate of a run is 1 minus the mean.

    With `form: text` a text has a preamble when, before anything else, it acknowledges ("Sure, …", "Great question!
    …"), offers help ("I'd be happy to …"), speaks of itself ("As an AI …"), or announces ("Here is the JSON:", with
    something after the colon on another line or in brackets). With another form it has one when it begins with anything
    else than JSON, an XML tag or a code fence.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: an empty text has no preamble: 1, but begins with no form: 0; references are not looked at.
    Source: the rules here; nobody's standard.
    Deviations: none.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option(
            "form",
            "choice",
            default="text",
            choices=("code", "json", "text", "xml"),
            meaning="What was asked for: prose, JSON, XML, or code in a fence.",
        ),
        Option("fences", "bool", default=True, meaning="A code fence before JSON or XML is no preamble."),
        Option(
            "of",
            "choice",
            default="text",
            choices=("answer", "text"),
            meaning="Look at the model's text as it came, or at the answer that `output:` read from it.",
        ),
    )
    needs_references = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        chosen = read_options("preamble_free", self.OPTIONS, options)
        self._form: str = chosen["form"]
        self._fences: bool = chosen["fences"]
        self._of: str = chosen["of"]
        fences = "yes" if self._fences else "no"
        signature = f"preamble_free|form:{self._form}|fences:{fences}|of:{self._of}|version:{_VERSION}"
        self.measures = (Measure("preamble_free", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        found = (self._preamble(self._text(answer).strip()) for answer in answers)
        return [(scored(self.measures[0], preamble is None, preamble),) for preamble in found]

    def _text(self, answer: Answer) -> str:
        is_raw = self._of == "text" and answer.generation is not None
        return answer.generation.text if is_raw and answer.generation is not None else answer.output

    def _preamble(self, text: str) -> str | None:
        """What the preamble is; None when there is none."""
        return _talk(text) if self._form == "text" else self._before_form(text)

    def _before_form(self, text: str) -> str | None:
        bare = text
        if self._fences and self._form != "code" and (fence := _FENCE.match(text)):
            bare = text[fence.end() :].lstrip()
        if _BEGINNINGS[self._form].match(bare) or (self._form == "json" and _is_json(bare)):
            return None
        return f"begins with {_cut(text)!r}, not with {self._form}"


def _talk(text: str) -> str | None:
    beginning = text[:_LOOKED_AT]
    for what, rule in _RULES:
        found = rule.match(beginning)
        if found and text[found.end() :].strip():
            return f"{what}: {_cut(beginning)!r}"
    return None


def _is_json(text: str) -> bool:
    """Whether the whole text is a single value: a number, a word, a string."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _cut(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
