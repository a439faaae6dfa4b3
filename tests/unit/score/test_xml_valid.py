from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from harness.schema import Score

BOMB = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 10 + '"><!ENTITY c "' + "&b;" * 10 + '">]>'
    "<a>" + "&c;" * 1000 + "</a>"
)
DTD = "it declares a document type or an entity, which is not read"


def _score(output: str, **options: Any) -> Score:
    return create(MetricSpec("xml_valid", options, Path())).score([Answer(output, (), {}, None)])[0][0]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("<a/>", None),
        (' <?xml version="1.0" encoding="UTF-8"?><a b="1">é &amp; <c/></a>\n', None),
        ("<a><!-- said --><![CDATA[<]]></a>", None),
        ("", "no element found: line 1, column 0"),
        ("plain", "syntax error: line 1, column 0"),
        ("<a>", "no element found: line 1, column 3"),
        ("<a></b>", "mismatched tag: line 1, column 5"),
        ("<a/><b/>", "junk after document element: line 1, column 4"),
        ("<a>&nbsp;</a>", "undefined entity: line 1, column 3"),
        ("<a>\x00</a>", "not well-formed (invalid token): line 1, column 3"),
        (BOMB, DTD),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', DTD),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', DTD),
    ],
)
def test_well_formed_documents_without_a_document_type(output: str, reason: str | None) -> None:
    score = _score(output)
    assert (score.value, score.status, score.reason) == (float(reason is None), "scored", reason)


def test_half_a_surrogate_pair_is_no_xml() -> None:
    assert _score("<a>\ud800</a>").value == 0


def test_deep_nesting_and_many_elements_are_read_without_a_tree() -> None:
    assert _score("<a>" * 50_000 + "</a>" * 50_000).value == 1


def test_the_outermost_element_may_have_to_have_a_name() -> None:
    assert _score("<person/>", root="person").value == 1
    assert _score("<a><person/></a>", root="person").reason == "the outermost element is <a>, not <person>"


def test_fragments_are_elements_side_by_side_with_text_around() -> None:
    assert _score("so: <a/><b/>", fragment=True).value == 1
    assert _score("so: <a/><b/>").value == 0
    assert _score("no element", fragment=True).reason == "there is no element in it"
    assert _score("", fragment=True).value == 0
    assert _score("<a/></x>", fragment=True).value == 0
    assert _score("</prompt_suite_fragment><a/><prompt_suite_fragment>", fragment=True).value == 0
    assert _score("<a/>", fragment=True, root="a").value == 1


@pytest.mark.parametrize(
    ("output", "options", "reason"),
    [
        (
            "<?xml version='1.0'?><a/>",
            {"fragment": True},
            "XML or text declaration not at start of entity: line 1, column 0",
        ),
        ("<a/>\n<b></c>", {"fragment": True}, "mismatched tag: line 2, column 5"),
        ("<a/>\n<b>", {"fragment": True}, "mismatched tag: line 2, column 3"),
        ("\n\n  <a></b>", {"fragment": True}, "mismatched tag: line 3, column 7"),
        ("\n\n  <a></b>", {}, "mismatched tag: line 3, column 7"),
        ("  <a>\n</b>", {}, "mismatched tag: line 2, column 2"),
    ],
)
def test_places_are_those_of_the_answer(output: str, options: dict[str, Any], reason: str) -> None:
    assert _score(output, **options).reason == reason


@pytest.mark.parametrize("root", ["1a b", "1a", "a b", " ", "<a>", "a/", "p:a", "ns}a", "{ns}", "a b='c'"])
def test_root_that_no_element_can_have_is_refused(root: str) -> None:
    with pytest.raises(OptionError) as caught:
        _score("<a/>", root=root)
    assert str(caught.value) == (
        f"metric 'xml_valid': option 'root' is {root!r}, which no element can be called; allowed: a name of XML's, or "
        "{namespace}name; write for example 'root: answer'"
    )


def test_root_may_have_a_namespace() -> None:
    assert _score("<p:a xmlns:p='urn:x'/>", root="{urn:x}a").value == 1
