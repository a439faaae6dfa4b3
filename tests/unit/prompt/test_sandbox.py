"""What a template must not reach, and must not cost."""

# ruff: noqa: E501 - tables of templates and messages, a case a line

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import RenderError
from harness.prompt import check_template
from harness.prompt.limits import MAX_ITEMS, MAX_SIZE, MAX_STEPS, Budget, LimitError

if TYPE_CHECKING:
    from collections.abc import Callable

AT_RUN = [
    "{{ text['__class__'] }}",
    "{{ text['__cla' ~ 'ss__'] }}",
    "{{ ''[name] }}",
    "{{ [text]|map(attribute=name)|list }}",
    "{{ [text]|map(attribute=name, default='')|list }}",
    "{{ [text]|groupby(name) }}",
    "{{ [text, text]|sort(attribute=name) }}",
    "{{ [text]|sum(attribute=name) }}",
    "{{ [text]|selectattr(name)|list }}",
    "{{ [text]|unique(attribute=name)|list }}",
    "{{ [text]|max(attribute=name) }}",
    "{{ [text]|join(attribute=name) }}",
    "{{ text[name]|default('hidden') }}",
    "{{ text[name] is defined }}",
    "{% set x = text[name] %}",
    "{% if text[name] %}{% endif %}",
    "{{ '{0.__class__}'.format(text) }}",
    "{{ '{0.__class__}'['format'](text) }}",
    "{{ '{a.__class__}'.format_map({'a': text}) }}",
    "{{ ['{0.__class__}']|map(attribute='format')|list }}",
    "{{ range.mro() }}",
    "{{ dict.fromkeys('ab') }}",
    "{{ cycler['__init__'] }}",
    "{{ cycler('a')['__init__'] }}",
    "{{ cycler('a').items }}",
    "{{ joiner()['used'] }}",
    "{{ namespace['__init__'] }}",
    "{{ namespace()[name] }}",
    "{% macro m() %}{% endmacro %}{{ m[name] }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{{ caller[name] }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop['_iterable'] }}{% endfor %}",
    "{% for x in [1] %}{{ loop['__init__'] }}{% endfor %}",
    "{{ text.upper['__self__'] }}",
    "{{ text.encode() }}",
    "{{ text.translate({97: 'b'}) }}",
    "{{ (1).real }}",
    "{{ (1).bit_length() }}",
    "{{ rows.append(1) }}",
    "{{ rows.clear() }}",
    "{{ row.update({'a': 1}) }}",
    "{{ row.pop('a') }}",
    "{{ row.setdefault('z', 1) }}",
    "{{ text|attr(name) }}",
    "{{ text|safe }}",
    "{{ rows|random }}",
    "{{ rows|pprint }}",
    "{{ lipsum() }}",
    "{{ text is callable }}",
    "{{ text|map('attr', name)|list }}",
    "{{ rows|select('callable')|list }}",
    "{% set row.a = 1 %}",
    "{{ range }}",
    "{{ text.upper }}",
    "{{ namespace() }}",
    "{{ range ~ '' }}",
    "{{ range|string }}",
]


@pytest.mark.parametrize("source", AT_RUN)
def test_an_escape_is_an_error_when_it_runs_and_changes_nothing(render_text: Callable[..., str], source: str) -> None:
    rows, row = [1, 2], {"a": 1}
    with pytest.raises(RenderError) as raised:
        render_text(source, text="t", name="__class__", rows=rows, row=row)
    assert not re.search(r"0x[0-9a-f]{6}|<class|<built-in|<function", str(raised.value))
    assert (rows, row) == ([1, 2], {"a": 1})


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ text.__init__.__globals__ }}",
        "{{ cycler.__init__ }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ range(_loop_vars={}) }}",
        "{% include 'a' %}",
        "{% import 'a' as b %}",
        "{% from 'a' import b %}",
        "{% extends 'a' %}",
        "{% block a %}{% endblock %}",
        "{% autoescape true %}{% endautoescape %}",
        "{{ text|attr('__class__') }}",
        "{{ rows|map('attr', '__class__')|list }}",
        "{{ lipsum() }}",
        "{{ super() }}",
        "{{ context }}",
        "{{ environment }}",
        "{{ config }}",
        "{{ request }}",
    ],
)
def test_an_escape_written_out_is_found_without_a_sample(render_text: Callable[..., str], source: str) -> None:
    assert check_template(source, ["text", "rows"])
    with pytest.raises(RenderError):
        render_text(source, text="t", rows=["t"])


STEPS = f"the template takes more than {MAX_STEPS:,} steps; allowed: loops, calls and filters that come to an end soon"
SIZE = f"the template makes a text or list larger than {MAX_SIZE:,} characters; allowed: {MAX_SIZE:,} characters"
ITEMS = f"the template makes a list of more than {MAX_ITEMS:,} items; allowed: {MAX_ITEMS:,} items, at all depths"
DEPTH = "the template calls itself more than 50 deep; allowed: 50 calls inside each other"
DIGITS = "the template computes an integer of more than 308 digits; allowed: 308 digits"


def width(name: str) -> str:
    return f"the template gives {name} the number 1e+09; allowed: numbers up to 100,000"


def doubling(step: str, first: str = "[1]") -> str:
    return f"{{% set ns = namespace(a={first}) %}}{{% for i in range(99) %}}{step}{{% endfor %}}{{{{ ns.a }}}}"


BOMBS = [
    ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", STEPS),
    ("{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}", STEPS),
    ("{% macro m() %}{% for a in range(9) if a < 0 %}{% endfor %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", DEPTH),
    ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}", STEPS),
    ("{% macro m() %}{% call m() %}{{ caller }}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}", DEPTH),
    ("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", DEPTH),
    ("{% for x in [9] * 9 recursive %}{{ loop([9] * 9) if loop.depth < 20 else '' }}{% endfor %}", STEPS),
    ("{% for x in [1] recursive %}{{ loop(range(99999)) if loop.depth < 9 else '' }}{% endfor %}", STEPS),
    ("{% set c = cycler(1) %}{% for i in range(9999) %}{% for j in range(999) %}{{ c.next() }}{% endfor %}{% endfor %}", STEPS),
    ("{{ 'a' * 10**9 }}", SIZE),
    ("{{ 10**9 * 'a' }}", SIZE),
    ("{{ [1] * 10**9 }}", SIZE),
    ("{{ 9 ** (9**9) }}", DIGITS),
    ("{{ 10 ** 400 }}", DIGITS),
    ("{{ big * big * big * big }}", DIGITS),
    ("{{ ('0x' + 'f' * 999)|int(base=16) }}", DIGITS),
    ("{{ 'a'|center(10**9) }}", width("center")),
    ("{{ 'a'.center(10**9) }}", width("center")),
    ("{{ 'a'.ljust(10**9) }}", width("ljust")),
    ("{{ 'a'.rjust(width=10**9) }}", width("rjust")),
    ("{{ 'a'.zfill(10**9) }}", width("zfill")),
    ("{% set f = 'a'.center %}{{ f(10**9) }}", width("center")),
    ("{{ [1]|batch(10**9, 0)|list }}", width("batch")),
    ("{{ [1]|slice(10**9)|list }}", width("slice")),
    ("{{ [1]|map('center', 10**9)|list }}", width("center")),
    ("{{ 'a'|indent(10**9) }}", width("indent")),
    ("{{ ('a\n' * 99999)|indent(99999) }}", SIZE),
    ("{{ ('a' * 3000)|replace('a', 'b' * 3000) }}", SIZE),
    ("{{ ('a' * 3000).replace('a', 'b' * 3000) }}", SIZE),
    ("{{ ('a' * 3000).replace('', 'b' * 3000) }}", SIZE),
    ("{{ range(99999)|join('x' * 999) }}", SIZE),
    ("{{ ('x' * 999).join([''] * 99999) }}", SIZE),
    ("{{ 1.5|round(10**9, 'ceil') }}", width("round")),
    ("{{ 5|round(-9999) }}", "the template rounds to -9999 digits; allowed: 100 digits"),
    ("{{ '%1000000000d' % 1 }}", "the template formats with the width 1000000000; allowed: widths written out, up to 100,000"),
    ("{{ '%*d' % (10**9, 1) }}", "the template formats with the width *; allowed: widths written out, up to 100,000"),
    ("{{ '%.999999999f'|format(1) }}", "the template formats with the width 999999999; allowed: widths written out, up to 100,000"),
    ("{{ '%9999d' * 999 % (([1] * 999)|list) }}", SIZE),
    ("{{ '%(a)s' * 1999 % {'a': 'b' * 9999} }}", SIZE),
    ("{{ '%(a)s' * 9999 % {'a': ''} }}", "the template formats with a text of 49,995 characters; allowed: 10,000 characters"),
    ("{{ ('a' * 999999).rfind('b' + 'a' * 999) }}", "the template gives rfind a text of 1,000 characters; allowed: 256 characters there"),
    ("{{ ('a' * 999999)|trim('b' * 999) }}", "the template gives trim a text of 999 characters; allowed: 256 characters there"),
    ("{{ ('a' * 3999999)|sort }}", STEPS),
    ("{{ ('a' * 3999999)|list|length }}", STEPS),
    ("{% for i in range(9999) %}" + "x" * 9999 + "{% endfor %}", SIZE),
    ("{% macro m() %}" + "x" * 9999 + "{% endmacro %}{% for i in range(9999) %}{% set y = m() %}{% endfor %}", SIZE),
    ("{{ text * 3 }}{{ text * 2 }}{{ text * 3 }}", SIZE),
    (doubling("{% set ns.a = [ns.a, ns.a] %}"), ITEMS),
    (doubling("{% set ns.a = (ns.a, ns.a) %}"), ITEMS),
    (doubling("{% set ns.a = {1: ns.a, 2: ns.a} %}"), ITEMS),
    (doubling("{% set ns.a = dict(a=ns.a, b=ns.a) %}"), ITEMS),
    (doubling("{% set ns.a = ns.a + ns.a %}"), ITEMS),
    (doubling("{% set ns.a = ns.a * 2 %}"), ITEMS),
    (doubling("{% for b in [ns.a]|batch(2, ns.a) %}{% set ns.a = b %}{% endfor %}"), STEPS),
    (doubling("{% set ns.a = ns.a ~ ns.a %}", "'ab'"), SIZE),
    (doubling("{% set ns.a = ns.a + ns.a %}", "'ab'"), SIZE),
    (doubling("{% set ns.a = '%s%s' % (ns.a, ns.a) %}", "'ab'"), SIZE),
    (doubling("{% set x %}{{ ns.a }}{{ ns.a }}{% endset %}{% set ns.a = x %}", "'ab'"), SIZE),
    ("{% set a = 'x' * 3999999 %}{% for i in range(9999) %}{% set b = a|upper %}{% endfor %}", STEPS),
    ("{% set a = 'x' * 3999999 %}{% for i in range(9999) %}{% set b = a.upper() %}{% endfor %}", STEPS),
    ("{% set a = 'x' * 3999999 %}{% for i in range(9999) %}{% set b = a[1:] %}{% endfor %}", STEPS),
    ("{% set a = 'x' * 3999999 %}{% for i in range(9999) %}{% if 'y' in a %}{% endif %}{% endfor %}", STEPS),
    ("{% for i in range(9999) %}{% if 'y' in range(99999) %}{% endif %}{% endfor %}", STEPS),
    ("{% set a = range(99999)|list %}{% for i in a %}{% set b = a.index(99998) %}{% endfor %}", STEPS),
    ("{% set a = range(9999)|list %}{{ a|select('in', a)|list|length }}", STEPS),
    ("{{ range(10**6) }}", "OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message"), BOMBS)
def test_a_template_that_never_ends_or_explodes_stops_soon(
    render_text: Callable[..., str], source: str, message: str
) -> None:
    began = time.thread_time()
    with pytest.raises(RenderError) as raised:
        render_text(source, text="x" * 999_999, big=10**300)
    what = str(raised.value).partition("v1.1.yaml:")[2].partition(": ")[2]
    assert what.startswith(message + "; ")
    assert time.thread_time() - began < 10


LIST_TOO_LONG = (
    r"^prompt few_shot@1\.1, sample 's1' \(data\.jsonl:1\): prompts/few_shot/v1\.1\.yaml:[0-9]+: the template makes a list "
    r"of more than 500,000 items; allowed: 500,000 items, at all depths; "
    r"make it smaller or prepare the text in the dataset$"
)
TOO_DEEP = (
    r"^prompt few_shot@1\.1, sample 's1' \(data\.jsonl:1\): prompts/few_shot/v1\.1\.yaml:[0-9]+: the template or a value nests "
    r"too deeply; about 100 levels are allowed; make it simpler$"
)


def test_arguments_of_a_macro_cannot_grow_unseen(render_text: Callable[..., str]) -> None:
    for kept, call in (("varargs", "m(ns.a, ns.a)"), ("kwargs", "m(a=ns.a, b=ns.a)")):
        source = (
            f"{{% set ns = namespace(a=1) %}}{{% macro m() %}}{{% set ns.a = {kept} %}}{{% endmacro %}}"
            f"{{% for i in range(99) %}}{{{{ {call} }}}}{{% endfor %}}{{{{ ns.a }}}}"
        )
        with pytest.raises(RenderError, match=LIST_TOO_LONG):
            render_text(source)


def test_a_list_that_holds_itself_is_refused_and_not_followed_for_ever(render_text: Callable[..., str]) -> None:
    knot: list[Any] = [1, 2]
    knot.append(knot)
    with pytest.raises(RenderError, match=LIST_TOO_LONG):
        render_text("{{ knot }}", knot=knot)


def test_a_value_that_nests_too_deeply_is_refused(render_text: Callable[..., str]) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RenderError, match=TOO_DEEP):
        render_text("{{ deep }}", deep=deep)


def test_large_but_honest_prompts_pass(render_text: Callable[..., str]) -> None:
    docs = [{"title": f"Title {number}", "text": "word " * 400} for number in range(1000)]
    text = render_text(
        "{% for d in docs %}## {{ d.title|upper }}\n{{ d.text|trim|truncate(900) }}\n{% endfor %}", docs=docs
    )
    assert text.count("## TITLE") == 1000
    assert len(render_text("{{ text }}", text="x" * 3_900_000)) == 3_900_000


def test_the_clock_is_the_second_net(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "thread_time", lambda: now)
    budget = Budget()
    budget.spend(1001)
    now = 104.9
    budget.spend(1001)
    now = 105.1
    budget.spend(999)  # nobody looks at the clock so soon
    with pytest.raises(LimitError) as raised:
        budget.spend(1001)
    assert str(raised.value) == (
        "the template takes more than 5 s; allowed: 5 s of computing a message; "
        "make it smaller or prepare the text in the dataset"
    )
