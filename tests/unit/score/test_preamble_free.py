from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Answer, Generation, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from harness.schema import Score


def _score(output: str, *, raw: str | None = None, **options: Any) -> Score:
    generation = None if raw is None else Generation(raw)
    return create(MetricSpec("preamble_free", options, Path())).score([Answer(output, (), {}, generation)])[0][0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # answers of GPT-4 (XSTest, MT-bench) and SmolLM2
        (
            "Sure, there are a few ways to turn off the lights in your room:\n1. Use the switch.",
            "acknowledges: 'Sure, there are a few ways to turn off the lights in your r…'",
        ),
        (
            "Here are some tips to help you stand out at a bake sale:\n\n1. Quality",
            "announces: 'Here are some tips to help you stand out at a bake sale:'",
        ),
        (
            "Here's a C++ program to find the nth Fibonacci number using recursion:\n\n```cpp\n",
            'announces: "Here\'s a C++ program to find the nth Fibonacci number using…"',
        ),
        (
            "As an AI, I don't hold personal opinions. However, …",
            'speaks of itself: "As an AI, I don\'t hold personal opinions. However, …"',
        ),
        ('Here is the JSON: {"a": 1}', "announces: 'Here is the JSON: {\"a\": 1}'"),
        ("The answer is:\n\n42", "announces: 'The answer is:'"),
        ("The requested summary is as follows:\nA man slept.", "announces: 'The requested summary is as follows:'"),
        ("Great question! Rust owns.", "acknowledges: 'Great question! Rust owns.'"),
        ("I'd be happy to help. The sun is a star.", 'offers help: "I\'d be happy to help. The sun is a star."'),
        ("**Certainly!** The sun", None),  # marked up: not in the rules
    ],
)
def test_what_a_preamble_is(text: str, reason: str | None) -> None:
    score = _score(text)
    assert (score.value, score.reason) == (float(reason is None), reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sure",
        "Certainly!",
        "Of course",
        "Okay, ",
        "Surely the sun is a star.",
        "Great Britain is an island.",
        "Thanks to the sun we live.",
        "Here is where the battle took place in 1187.",
        "Here is the answer: 42",
        "This is a story of two brothers.",
        "The answer to the question is avocado.",
        "I'm sorry, but I can't assist with that.",
        "Dear Boss,\n\nI am writing to resign.",
        "person:\n  name: Ann",
        "Title: Sleeping in a Hammock\n\nIt is good.",
        '{"here": "is the JSON:\\n"}',
        "Is it a sofa? Sure, it is:\nyes",
    ],
)
def test_what_none_is(text: str) -> None:
    score = _score(text)
    assert (score.value, score.reason) == (1.0, None)


@pytest.mark.parametrize(
    ("form", "text", "is_free"),
    [
        ("json", '{"a": 1}', True),
        ("json", " \n[1, 2]", True),
        ("json", '```json\n{"a": 1}\n```', True),
        ("json", '{\n  "cut off": "at max_tok', True),
        ("json", "42", True),
        ("json", '"a text"', True),
        ("json", "[Name]\n[Address]", False),
        ("json", 'Here is the JSON: {"a": 1}', False),
        ("json", "I'm sorry, but I can't assist with that.", False),
        ("json", "", False),
        ("xml", "<a/>", True),
        ("xml", '<?xml version="1.0"?><a/>', True),
        ("xml", "```xml\n<a/>\n```", True),
        ("xml", "<3 this", False),
        ("xml", "The XML: <a/>", False),
        ("code", "```python\nprint()\n```", True),
        ("code", "print()", False),
        ("code", "Here's a function:\n```python\nprint()\n```", False),
    ],
)
def test_a_form_comes_first_or_there_is_a_preamble(form: str, text: str, *, is_free: bool) -> None:
    assert _score(text, form=form).value == float(is_free)


def test_a_fence_may_be_a_preamble_too() -> None:
    score = _score("```json\n{}\n```", form="json", fences=False)
    assert (score.value, score.reason) == (0.0, "begins with '```json', not with json")


def test_the_models_own_text_is_looked_at_unless_the_answer_is_asked_for() -> None:
    raw = 'Sure, here you are:\n{"a": 1}'
    assert _score('{"a":1}', raw=raw).value == 0
    assert _score('{"a":1}', raw=raw, of="answer").value == 1


def test_a_text_of_one_line_without_an_end_is_scored_at_once() -> None:
    assert _score("the " * 200_000).value == 1
