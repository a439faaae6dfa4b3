"""What a template and a sample become."""

# ruff: noqa: ISC004 - tables of templates and messages, a case a line

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import RenderError
from harness.prompt import Renderer, render
from harness.schema import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import Sample, Variant

SAMPLE = "prompt few_shot@1.1, sample 's1' (data.jsonl:1): "
FILE = SAMPLE + "prompts/few_shot/v1.1.yaml:"
MEND = "the template must render with every sample; mend it or the value"


def test_system_and_user_text_are_separate_messages(
    make_variant: Callable[..., Variant], make_sample: Callable[..., Sample]
) -> None:
    variant = make_variant(("system", "Be brief.\n"), ("user", "Classify: {{ text }}\n"))
    assert render(variant, make_sample(text="fine")) == (
        Message("system", "Be brief."),
        Message("user", "Classify: fine"),
    )


@pytest.mark.parametrize(
    "value",
    [
        "{{ 7*7 }}",
        "{% for x in range(10**9) %}x{% endfor %}",
        "{# gone? #}",
        "{% raw %}",
        "{{ ''.__class__ }}",
        "<b>&amp;</b>",
        "%s %d {0} {text}",
        "\x00\x1b[31m\u202e\ud800",
    ],
)
def test_text_of_a_variable_is_never_evaluated_nor_changed(render_text: Callable[..., str], value: str) -> None:
    assert render_text("<{{ text }}>", text=value) == f"<{value}>"
    assert render_text("{% for x in xs %}{{ x ~ '!' }}{% endfor %}", xs=[value]) == f"{value}!"
    assert (
        render_text("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(text) }}{{ text|trim('~') }}", text=value) == 2 * value
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ n + 1 }}", "4"),
        ("{{ docs|length }} {{ docs|join(', ') }}", "2 a, b"),
        ("{% for d in docs %}{{ d }}{{ ', ' if not loop.last }}{% endfor %}", "a, b"),
        ("{% for d in docs %}{{ loop.index }} {{ d }}{{ '' if loop.last else ', ' }}{% endfor %}", "1 a, 2 b"),
        ("{% for d in docs -%}\n{{ loop.index }}/{{ loop.length }} {{ d }}\n{% endfor %}", "1/2 a\n2/2 b"),
        ("{% for d in docs if d != 'a' %}{{ d }}{% else %}none{% endfor %}", "b"),
        ("{% for d in [] %}{{ d }}{% else %}none{% endfor %}", "none"),
        ("{{ row.name }} {{ row['name'] }} {{ row._id }} {{ row.get('x', 'y') }}", "Ann Ann 7 y"),
        ("{% for k, v in row.items() %}{{ k }}={{ v }};{% endfor %}", "name=Ann;_id=7;"),
        ("{{ row|tojson }}", '{"name": "Ann", "_id": 7}'),
        ("{{ '<é>'|tojson }} {{ '<é>'|e }}", '"<é>" &lt;é&gt;'),
        ("{{ docs|map('upper')|join }} {{ docs|select('eq', 'a')|list }}", "AB ['a']"),
        ("{{ '%s-%03d'|format('a', n) }} {{ '%s' % n }}", "a-003 3"),
        ("{% set ns = namespace(s='') %}{% for d in docs %}{% set ns.s = ns.s ~ d %}{% endfor %}{{ ns.s }}", "ab"),
        ("{% macro m(x, y='!') %}{{ x }}{{ y }}{{ caller() }}{% endmacro %}{% call m('a') %}b{% endcall %}", "a!b"),
        ("{% for x in tree recursive %}{{ x.n }}{{ loop(x.c) }}{% endfor %}", "123"),
        ("{% filter upper %}a{{ docs[0] }}{% endfilter %}", "AA"),
        ("{% with a = 1 %}{{ a }}{% endwith %}{% raw %}{{ a }}{% endraw %}", "1{{ a }}"),
        ("{{ docs[0] is defined }} {{ row.nope is defined }} {{ row.nope|default('-') }}", "True False -"),
        ("{% for g in people|groupby('team') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}", "x2y1"),
        ("{{ text }}\n\n", "hello"),
        ("  {{ text }}  \n", "  hello  "),
        (
            "{{ 'x' in row }} {{ 'name' in row }} {{ 1000000|default(2000000) }} {{ 5 is divisibleby(1000000) }}",
            "False True 1000000 False",
        ),
        ("{{ (docs * 2)|unique|list }} {{ docs[1:] }} {{ (1, 2) }} {{ {'a': 1} }}", "['a', 'b'] ['b'] (1, 2) {'a': 1}"),
        ("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"),
    ],
)
def test_the_language_works_as_in_jinja(render_text: Callable[..., str], source: str, text: str) -> None:
    variables: dict[str, Any] = {
        "n": 3,
        "docs": ["a", "b"],
        "row": {"name": "Ann", "_id": 7},
        "text": "hello",
        "tree": [{"n": 1, "c": [{"n": 2, "c": []}]}, {"n": 3, "c": []}],
        "people": [{"team": "x"}, {"team": "y"}, {"team": "x"}],
    }
    assert render_text(source, **variables) == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "a\nb {{ row.nme }}",
            "6: 'dict object' has no attribute 'nme'; only what the sample holds can be used; "
            "test it with `is defined` or mend the name",
        ),
        ("{{ 1 + row.n }}\n", f"5: TypeError: unsupported operand type(s) for +: 'int' and 'str'; {MEND}"),
        ("\n\n{{ 1 / 0 }}", f"7: ZeroDivisionError: division by zero; {MEND}"),
        (
            "{{ row.n.upper }}",
            f"5: TypeError: 'upper' is not a value and cannot be written; call it with parentheses; {MEND}",
        ),
        ("{% macro m() %}{% endmacro %}\n{{ m }}", "6: TypeError: 'm' is not a value and cannot be written; "
         f"call it with parentheses; {MEND}"),
        ("{% for x in 5 %}{% endfor %}", f"5: TypeError: 'int' object is not iterable; {MEND}"),
    ],
)  # fmt: skip
def test_what_goes_wrong_names_sample_file_and_line(render_text: Callable[..., str], source: str, message: str) -> None:
    with pytest.raises(RenderError) as raised:
        render_text(source, row={"n": "x"})
    assert str(raised.value) == FILE + message


def test_a_missing_variable_is_named_with_the_columns_there_are(
    render_chat: Callable[..., Any], make_variant: Callable[..., Variant]
) -> None:
    with pytest.raises(RenderError) as raised:
        render_chat(make_variant(("user", "{{ text }}")), txt="a", label="b")
    assert (
        str(raised.value)
        == SAMPLE + "variable 'text' is missing; columns there: txt, label; add the column or mend `inputs`"
    )


def test_a_template_that_was_not_checked_fails_with_its_line(
    render_chat: Callable[..., Any], make_variant: Callable[..., Variant]
) -> None:
    with pytest.raises(RenderError) as raised:
        render_chat(make_variant(("user", "a\n{% if text %}")), text="a")
    assert str(raised.value) == (
        "prompt few_shot@1.1: prompts/few_shot/v1.1.yaml:6: template syntax: Unexpected end of template. Jinja was "
        "looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is "
        "'if'; allowed: {{ variable }}, {% if … %}, {% for … %}, {# comment #}; mend it, or put braces meant literally "
        "between {% raw %} and {% endraw %}"
    )


def test_columns_that_are_no_input_are_not_seen_by_the_template(
    render_chat: Callable[..., Any], make_variant: Any
) -> None:
    with pytest.raises(RenderError) as raised:
        render_chat(make_variant(("user", "{{ label }}")), text="a", label="the answer")
    assert str(raised.value) == (
        "prompt few_shot@1.1, sample 's1' (data.jsonl:1): prompts/few_shot/v1.1.yaml:5: 'label' is undefined; "
        "only what the sample holds can be used; test it with `is defined` or mend the name"
    )


def test_a_sample_id_with_escapes_is_shown_harmless(render_chat: Callable[..., Any], make_variant: Any) -> None:
    with pytest.raises(RenderError) as raised:
        render_chat(make_variant(), "s\x1b[31m\n", other=1)
    assert "\x1b" not in str(raised.value)
    assert str(raised.value).startswith(r"prompt few_shot@1.1, sample 's\x1b[31m\n' (data.jsonl:\x1b[31m\n): variable")


def test_equal_system_messages_are_one_object(make_variant: Any, make_sample: Any) -> None:
    renderer = Renderer()
    fixed = make_variant(("system", "Be brief."), ("user", "{{ text }}"))
    filled = make_variant(("system", "In {{ text[0] }}."), ("user", "{{ text }}"))
    for variant in (fixed, filled):
        first, second = (renderer.render(variant, make_sample(text=text))[0] for text in ("ab", "ac"))
        assert first is second


def test_two_variants_of_one_renderer_keep_apart(make_variant: Any, make_sample: Any) -> None:
    renderer = Renderer()
    texts = [  # nobody else keeps the variants: their ids could come again
        renderer.render(make_variant(("user", f"{number} {{{{ text }}}}")), make_sample(text="a"))[0].content
        for number in range(50)
    ]
    assert texts == [f"{number} a" for number in range(50)]


def test_threads_share_a_renderer(make_variant: Any, make_sample: Any) -> None:
    renderer = Renderer()
    variant = make_variant(
        ("user", "{% set ns = namespace(t='') %}{% for c in text %}{% set ns.t = ns.t ~ c %}{% endfor %}{{ ns.t }}")
    )
    samples = [make_sample(f"s{number}", text=f"text {number} " * 20) for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        chats = list(pool.map(lambda sample: renderer.render(variant, sample), samples))
    assert [chat[0].content for chat in chats] == [sample.variables["text"] for sample in samples]


def test_importing_the_room_imports_neither_jinja_nor_jsonschema() -> None:
    program = "import sys, harness.prompt; sys.exit(bool({'jinja2', 'jsonschema', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
