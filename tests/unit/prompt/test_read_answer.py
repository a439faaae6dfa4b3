"""The model's text → the answer."""

# ruff: noqa: E501, ISC004 - tables of templates and messages, a case a line

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import OutputError
from harness.prompt import read_answer
from harness.schema import ChainOfThoughtSpec, OutputSpec, Techniques

if TYPE_CHECKING:
    from collections.abc import Callable

REASONING = Techniques(chain_of_thought=ChainOfThoughtSpec("Think.", "Answer:"))
OBJECT = {"type": "object"}
WHERE = "prompt few_shot@1.1: output."


@pytest.fixture
def read(make_variant: Callable[..., Any]) -> Callable[..., str]:
    def answer(text: str, techniques: Techniques | None = None, **output: Any) -> str:
        return read_answer(make_variant(output=OutputSpec(**output), techniques=techniques), text)

    return answer


@pytest.mark.parametrize("text", ["", " two\n lines \n", "```\nfence\n```", '{"a": 1}'])
def test_without_output_keys_the_text_is_the_answer_untouched(read: Callable[..., str], text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Let me think.\nAnswer: positive", "positive"),
        ("Answer: no wait\nANSWER: positive\nBecause.", "positive"),
        ("so the **Answer: positive**", "positive"),
        ("**Answer:** positive", "positive"),
        ("Answer: no\n**Answer**: positive", "positive"),
        ("Answer:\n\n  positive  \nmore", "positive"),
        ("Answer: ** *positive* **", "positive"),
        ("Answer: 3 * 4", "3 * 4"),
        ("positive", "positive"),
        ("The answer is positive", "The answer is positive"),
        ("Answer:", ""),
        ("İİİ answer: İ", "İ"),
        ("Answer.: positive", "Answer.: positive"),
    ],
)
def test_the_answer_is_what_follows_the_last_prefix(read: Callable[..., str], text: str, answer: str) -> None:
    assert read(text, REASONING) == answer


def test_an_empty_prefix_leaves_the_text(read: Callable[..., str]) -> None:
    assert read("a\nb", Techniques(chain_of_thought=ChainOfThoughtSpec("Think.", " "))) == "a\nb"


def test_an_answer_of_several_lines_is_kept_for_the_forms_that_need_it(read: Callable[..., str]) -> None:
    text = 'Think: {"a": 0}\n**Answer:**\n```json\n{\n  "a": 1\n}\n```\n'
    assert read(text, REASONING, json_schema=OBJECT) == '{"a":1}'
    assert read(text, REASONING, strip_fences=True) == '{\n  "a": 1\n}'
    assert read("Answer: a\nb\n", REASONING, last_line=True) == "b"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("```python\nx = 1\n\ny\n```", "x = 1\n\ny"),
        ("Here:\n~~~\na\n~~~\nand\n```\nb\n```", "a"),
        ("````\n```\ninner\n```\n````", "```\ninner\n```"),
        ("```\nnever closed", "never closed"),
        ("  ```\nindented\n  ```", "indented"),
        ("no fence", "no fence"),
        ("`inline` and ```x``` inline", "`inline` and ```x``` inline"),
        ("```x```\n```\nreal\n```", "real"),
        ("```\n```", ""),
    ],
)
def test_strip_fences_takes_the_first_block(read: Callable[..., str], text: str, answer: str) -> None:
    assert read(text, strip_fences=True) == answer


def test_last_line_is_the_last_that_says_something(read: Callable[..., str]) -> None:
    assert read("a\n b \n \n\n", last_line=True) == "b"
    with pytest.raises(OutputError) as raised:
        read(" \n ", last_line=True)
    assert str(raised.value) == WHERE + "last_line found no line in an empty text; at least one line is expected"


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        (r"(?i)\b(positive|negative)\b", "Clearly POSITIVE, not negative", "POSITIVE"),
        (r"\d+", "a 12 b 34", "12"),
        (r"a(b)?c", "ac", "ac"),
        (r"x()", "x", ""),
    ],
)
def test_regex_takes_group_one_or_the_whole_match(  # noqa: PLR0917 - the table's columns
    read: Callable[..., str], pattern: str, text: str, answer: str
) -> None:
    assert read(text, regex=pattern) == answer


def test_regex_that_finds_nothing_shows_pattern_and_text_harmless(read: Callable[..., str]) -> None:
    with pytest.raises(OutputError) as raised:
        read("\x1b[31mred\u202e\n" + "x" * 100, regex=r"\d\n+")
    assert str(raised.value) == (
        WHERE + r"regex '\d\n+' found nothing in the text " + '"' + r"\x1b[31mred\u202e\n" + "x" * 70 + '…"; '
        "the text must match; mend output.regex or ask for that form"
    )


def test_regex_looks_at_the_first_100_000_characters(read: Callable[..., str]) -> None:
    assert read("a" * 99_999 + "1", regex=r"\d") == "1"
    with pytest.raises(OutputError):
        read("a" * 100_000 + "1", regex=r"\d")


def test_regex_that_is_none_is_said_so(read: Callable[..., str]) -> None:
    with pytest.raises(OutputError) as raised:
        read("a", regex="(")
    assert str(raised.value) == (
        WHERE + "regex is not a regular expression: missing ), unterminated subpattern at position 0; mend it"
    )


def test_the_steps_are_taken_in_the_order_of_the_fields(read: Callable[..., str]) -> None:
    text = "```\nlabel: x\nlabel: {'a'} [\"b\"]\n```\nlabel: z"
    schema = {"type": "array"}
    assert read(text, strip_fences=True, last_line=True, regex="label: (.*)", json_schema=schema) == '["b"]'


@pytest.mark.parametrize(
    ("text", "schema", "answer"),
    [
        ('{"b": 1, "a": [1.0, "é", null, true]}', OBJECT, '{"a":[1.0,"é",null,true],"b":1}'),
        ('Sure! {"a": 1} and {"a": 2}', OBJECT, '{"a":1}'),
        ('As [see note] says {x}: {"a": 1}', OBJECT, '{"a":1}'),
        ('```json\n{"a": 1}\n```', OBJECT, '{"a":1}'),
        ("[1, 2]", {"type": "array"}, "[1,2]"),
        ("The count is 12.", {"type": "integer"}, "12"),
        ("-3.5e2", {"type": "number"}, "-350.0"),
        ('I say "yes".', {"type": "string"}, '"yes"'),
        ("It is true", {"type": ["boolean", "null"]}, "true"),
        ("12", {}, "12"),
        ('{"a": {"$ref": "x"}}', OBJECT, '{"a":{"$ref":"x"}}'),
        ('{"a": 1}', {"$ref": "#/$defs/o", "$defs": {"o": OBJECT}}, '{"a":1}'),
    ],
)
def test_json_is_the_first_value_in_canonical_form(  # noqa: PLR0917 - the table's columns
    read: Callable[..., str], text: str, schema: Any, answer: str
) -> None:
    assert read(text, json_schema=schema) == answer


@pytest.mark.parametrize(
    ("text", "schema", "message"),
    [
        ("none", OBJECT, 'no JSON value in the text; a value that satisfies the schema is expected; text: "none"'),
        ("", OBJECT, 'no JSON value in the text; a value that satisfies the schema is expected; text: ""'),
        ("12 apples", OBJECT, 'no JSON value in the text; a value that satisfies the schema is expected; text: "12 apples"'),
        ('{"a": 1', OBJECT, 'no JSON value in the text; a value that satisfies the schema is expected; text: "{"a": 1"'),
        (
            '{"a": {"b": "\x7f"}}',
            {"properties": {"a": {"properties": {"b": {"enum": ["x"]}}}}},
            "at $.a.b: '\\x7f' is not one of ['x']; the schema must be satisfied; text: \"{\"a\": {\"b\": \"\\x7f\"}}\"",
        ),
        ("[1]", OBJECT, "at $: [1] is not of type 'object'; the schema must be satisfied; text: \"[1]\""),
        ('{"a": NaN}', OBJECT, 'NaN is no JSON value; JSON within limits is expected; text: "{"a": NaN}"'),
        ("[-Infinity]", {}, '-Infinity is no JSON value; JSON within limits is expected; text: "[-Infinity]"'),
        ("[1e999]", {}, 'the number 1e999 is beyond a float\'s range; JSON within limits is expected; text: "[1e999]"'),
        ("[" + "9" * 400 + "]", {}, f'a number of 400 digits; JSON within limits is expected; text: "[{"9" * 79}…"'),
        ("[" + "9" * 9999 + "]", {}, f'a number of 9999 digits; JSON within limits is expected; text: "[{"9" * 79}…"'),
        (
            "[" * 101 + "]" * 101,
            {},
            f'the JSON nests more than 100 levels deep; JSON within limits is expected; text: "{"[" * 80}…"',
        ),
        (
            "[" * 100_000 + "]" * 100_000,
            {},
            f'the JSON nests too deeply; JSON within limits is expected; text: "{"[" * 80}…"',
        ),
        (
            '["\\ud800"]',
            {},
            'half a surrogate pair in a string; whole characters are expected; text: "["\\ud800"]"',
        ),
        (
            "{}",
            {"$ref": "#/$defs/missing"},
            "the schema itself fails: PointerToNowhere: '/$defs/missing' does not exist within "
            "{'$ref': '#/$defs/missing'}; a draft 2020-12 schema is expected; mend it",
        ),
        (
            "{}",
            {"$ref": "https://example.org/schema.json"},
            "the schema itself fails: Unresolvable: https://example.org/schema.json; "
            "a draft 2020-12 schema is expected; mend it",
        ),
        (
            "{}",
            {"type": "objekt"},
            "the schema itself fails: Unknown type 'objekt' for validator with schema: {'type': 'objekt'} "
            "While checking instance: {}; a draft 2020-12 schema is expected; mend it",
        ),
    ],
)  # fmt: skip
def test_json_that_cannot_be_taken_says_why(  # noqa: PLR0917 - the table's columns
    read: Callable[..., str], text: str, schema: Any, message: str
) -> None:
    with pytest.raises(OutputError) as raised:
        read(text, json_schema=schema)
    assert str(raised.value) == WHERE + "json_schema: " + message


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "{" * 500_000,
        "[0," * 300_000,
        '{"a":' * 200_000,
        '["' * 300_000,
        "[0" + ",[0" * 900 + ",0" * 400_000,
        "[" + "0," * 500_000,
        '"' * 999_999,
        "\\" * 999_999,
    ],
    ids=lambda text: f"{text[:8]}…",
)
def test_broken_json_of_any_size_ends_soon(read: Callable[..., str], text: str) -> None:
    began = time.thread_time()
    for schema in (OBJECT, {"type": "string"}):
        with suppress(OutputError):
            json.loads(read(text, json_schema=schema))
    assert time.thread_time() - began < 5
