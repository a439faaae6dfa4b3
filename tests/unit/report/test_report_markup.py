from __future__ import annotations

import pytest

from harness.report.markup import Html, el, join, plain, show


def test_text_is_escaped_and_html_is_not_escaped_twice() -> None:
    assert el("p", "a < b & c", el("b", "'\"")) == "<p>a &lt; b &amp; c<b>&#x27;&quot;</b></p>"


def test_attribute_values_cannot_leave_their_quotes() -> None:
    assert el("a", title='" onclick="x') == '<a title="&quot; onclick=&quot;x"></a>'


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "<i></i>"), (False, "<i></i>"), (True, "<i open></i>"), (0, '<i open="0"></i>')]
)
def test_attribute_is_left_out_only_when_it_is_none_or_false(value: float | None, shown: str) -> None:
    assert el("i", open=value) == shown


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\x1b", "U+001B"),
        ("\u202e", "U+202E"),
        ("\u2028", "U+2028"),
        ("\ud800", "U+D800"),
        ("\U000e0041", "U+E0041"),
        ("\r", "U+000D"),
    ],
)
def test_character_that_steers_or_hides_is_shown_by_number(character: str, name: str) -> None:
    assert show(f"a{character}b") == f'a<span class="ctl">{name}</span>b'
    assert plain(f"a{character}b") == f"a<{name}>b"
    assert el("i", title=character) == f'<i title="&lt;{name}&gt;"></i>'


@pytest.mark.parametrize("text", ["tab\tand\nline", "naïve 日本語 مرحبا", "👩‍👩‍👧", "❤️"])
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert show(text) == text


def test_void_elements_have_no_end_tag_and_none_children_vanish() -> None:
    assert join(el("br"), None, [Html("<hr>"), None]) == "<br><hr>"
