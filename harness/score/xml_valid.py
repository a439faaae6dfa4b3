"""xml_valid: whether the answer is well-formed XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import OptionError
from harness.schema import Measure
from harness.score.metric import scored
from harness.score.options import Option, read_options, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score

_AROUND = "prompt_suite_fragment"
"""The element that is put around a fragment; XML has no name for it."""


class XmlValid:
    """1 when the whole answer is one well-formed XML document, else 0 with the place where it stops being one.

    Nothing outside of the answer is read and nothing in it is expanded. A document type, which could ask for either,
    is not accepted, and makes 0.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: an empty answer is no XML: 0, also as a fragment; references are not looked at.
    Source: XML 1.0 (fifth edition), by Python's expat through defusedxml.
    Deviations: a document type declaration is 0; well-formed is not valid: no schema is looked at.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("root", "str", default=None, meaning="Name that the outermost element must have."),
        Option("fragment", "bool", default=False, meaning="Take several elements side by side, and text around them."),
    )
    needs_references = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for an option it does not have."""
        chosen = read_options("xml_valid", self.OPTIONS, options)
        self._root: str | None = chosen["root"]
        self._is_fragment: bool = chosen["fragment"]
        if self._root is not None and not _is_name(self._root):
            raise OptionError(
                f"metric 'xml_valid': option 'root' is {shown(self._root)}, which no element can be called; allowed: "
                "a name of XML's, or {namespace}name; write for example 'root: answer'",
                "root",
            )
        root = "any" if self._root is None else self._root
        fragment = "yes" if self._is_fragment else "no"
        signature = f"xml_valid|xml:1.0|root:{root}|fragment:{fragment}|dtd:refused|version:1"
        self.measures = (Measure("xml_valid", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        flaws = (self._flaw(answer.output) for answer in answers)
        return [(scored(self.measures[0], flaw is None, flaw),) for flaw in flaws]

    def _flaw(self, output: str) -> str | None:
        """Why the text is not what is wanted; None when it is."""
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import DefusedXMLParser, ParseError

        tags, text = _Tags(), output.strip()
        parser: Any = DefusedXMLParser(target=tags, forbid_dtd=True)
        try:
            parser.feed(f"<{_AROUND}>\n{text}</{_AROUND}>" if self._is_fragment else text)
            parser.close()
        except DefusedXmlException:
            return "it declares a document type or an entity, which is not read"
        except ParseError as error:
            return f"{str(error).partition(':')[0]}: {self._place(error.position, output)}"
        except ValueError as error:  # half a surrogate pair
            return str(error)
        return self._wrong_root(tags.outer[1:] if self._is_fragment else tags.outer)

    def _place(self, position: tuple[int, int], output: str) -> str:
        """Line, from 1, and column, from 0 as expat counts, in the answer as it was given."""
        line, column = position
        before = output[: len(output) - len(output.lstrip())].split("\n")
        lines = output.strip().split("\n")
        line -= self._is_fragment
        line, column = min((line, column), (len(lines), len(lines[-1])))  # not in what is put around a fragment
        column += len(before[-1]) if line == 1 else 0
        return f"line {line + len(before) - 1}, column {column}"

    def _wrong_root(self, outer: Sequence[str]) -> str | None:
        if not outer:
            return "there is no element in it"
        if self._root is None or self._root == outer[0]:
            return None
        return f"the outermost element is <{outer[0]}>, not <{self._root}>"


def _is_name(root: str) -> bool:
    """Whether the parser can tell of an element of this name; it has no prefixes, but namespaces."""
    from defusedxml.ElementTree import ParseError, fromstring

    namespace, _, name = root.rpartition("}")
    if not name or (namespace and not namespace.startswith("{")):
        return False
    try:
        return bool(fromstring(f"<{name}/>").tag == name)
    except (ParseError, ValueError):
        return False


class _Tags:
    """Takes what the parser reads, and keeps no more than the first two names: a bomb has nothing to fill."""

    def __init__(self) -> None:
        self.outer: list[str] = []

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if len(self.outer) < 2:  # noqa: PLR2004 - the fragment's own and the first in it
            self.outer.append(tag)

    def close(self) -> None:
        """All is read."""
