"""Whatever a dataset, a template or a model writes: data stays data, and only our own errors come out."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import OutputError, RenderError
from harness.prompt import Renderer, check_template, read_answer
from harness.schema import (
    ChainOfThoughtSpec,
    ExamplesSpec,
    MessageTemplate,
    OutputSpec,
    PromptVersion,
    Sample,
    Techniques,
    Variant,
)

FRAGMENTS = st.sampled_from(
    "{{ }} {% %} {# #} text ' \" for_x_in endfor if endif |upper ( ) [ ] . __class__ range(9) * ** ~ 9 - set_x_= "
    "macro_m() endmacro raw endraw".split()
).map(lambda fragment: f" {fragment.replace('_', ' ')} " if fragment[0].isalpha() else fragment)
JINJA_SOUP = st.lists(FRAGMENTS, max_size=25).map("".join)
TEXT = st.text(max_size=60) | JINJA_SOUP
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=12,
)


def variant_of(source: str, techniques: Techniques | None = None, output: OutputSpec | None = None) -> Variant:
    messages = (MessageTemplate("user", source, 1),)
    used = techniques or Techniques()
    prompt = PromptVersion("p", "1", "p/v1.yaml", (), {"text": "str"}, messages, used, output or OutputSpec(), "0" * 16)
    return Variant("p", prompt, used)


def sample_of(text: Any, sample_id: str = "s") -> Sample:
    return Sample(sample_id, {"text": text}, (), None, (), "d.jsonl:1")


@settings(deadline=None)
@given(TEXT)
def test_a_variable_comes_out_as_it_went_in(text: str) -> None:
    chat = Renderer().render(variant_of("<{{ text }}>"), sample_of(text))
    assert chat[0].content == f"<{text}>"


@settings(deadline=None)
@given(JSON)
def test_tojson_is_read_back_as_the_same_value(value: Any) -> None:
    written = Renderer().render(variant_of("{{ text|tojson }}"), sample_of(value))[0].content
    assert json.loads(written) == value


@settings(max_examples=300, deadline=None)
@given(JINJA_SOUP)
def test_any_source_is_checked_without_a_crash_and_a_sound_one_compiles(source: str) -> None:
    found = check_template(source, ["text"])
    assert all(0 <= line <= source.count("\n") + 1 and message for line, message in found)
    message = ""
    try:
        Renderer().render(variant_of(source), sample_of("x"))
    except RenderError as error:
        message = str(error)
    assert found or "template syntax" not in message


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=3), min_size=1, max_size=12),
    st.integers(0, 5),
    st.sampled_from(["first", "random", "balanced", "similar"]),
    st.integers(0, 3),
)
def test_examples_are_k_distinct_rows_that_ask_something_else(  # noqa: PLR0917 - what hypothesis draws
    texts: list[str], k: int, select: Any, seed: int
) -> None:
    rows = tuple({"text": text, "answer": f"{number}", "class": text[:1]} for number, text in enumerate(texts))
    techniques = Techniques(examples=ExamplesSpec(rows, select, k, "answer", seed))
    variant = variant_of("{{ text }}!", techniques)
    chat = Renderer().render(variant, sample_of(texts[0]))
    answers = [message.content for message in chat if message.role == "assistant"]
    others = [row for row in rows if row["text"] != texts[0]]
    assert len(set(answers)) == len(answers) == min(k, len(others))
    assert set(answers) <= {row["answer"] for row in others}
    assert chat == Renderer().render(variant, sample_of(texts[0]))


@settings(deadline=None)
@given(st.text(), st.text(min_size=1, max_size=20).filter(lambda answer: answer.strip("* \t\r\n")))
def test_an_answer_put_after_the_prefix_is_read_back(thoughts: str, answer: str) -> None:
    line = answer.splitlines()[0] if answer.splitlines() else ""
    expected = line.strip().strip("* \t").strip()
    if not expected or "answer:" in answer.lower():
        return
    techniques = Techniques(chain_of_thought=ChainOfThoughtSpec("Think.", "Answer:"))
    assert read_answer(variant_of("{{ text }}", techniques), f"{thoughts}\nAnswer: {answer}") == expected


@settings(deadline=None)
@given(JSON.filter(lambda value: isinstance(value, (dict, list))), st.text(alphabet="abc {}[]\n.", max_size=20))
def test_json_between_other_words_is_read_back(value: Any, around: str) -> None:
    before = around.replace("{", "").replace("[", "")
    output = OutputSpec(json_schema={})
    text = f"{before}{json.dumps(value)}{around}"
    answer = read_answer(variant_of("{{ text }}", output=output), text)
    assert json.loads(answer) == value
    assert read_answer(variant_of("{{ text }}", output=output), answer) == answer


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=80) | st.text(alphabet='{}[]",:0123456789.eE-+ntf\\u`~\n', max_size=80),
    st.sampled_from(
        [
            OutputSpec(strip_fences=True),
            OutputSpec(last_line=True),
            OutputSpec(regex=r"(?i)(a|b)?[^\W\d]+"),
            OutputSpec(json_schema={"type": "object"}),
            OutputSpec(json_schema={"type": ["number", "string"]}),
            OutputSpec(strip_fences=True, last_line=True, regex=r".+", json_schema={}),
        ]
    ),
)
def test_any_text_gives_an_answer_or_one_harmless_line(text: str, output: OutputSpec) -> None:
    answer, message = None, ""
    try:
        answer = read_answer(variant_of("{{ text }}", output=output), text)
    except OutputError as error:
        message = str(error)
    assert (answer is None) == bool(message)
    assert message.isprintable()
    assert len(message) < 500
    if answer is not None and output.json_schema is not None:
        value = json.loads(answer)
        assert not isinstance(value, float) or math.isfinite(value)
        assert answer == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
