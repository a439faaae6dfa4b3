"""What is said about a template without rendering it."""

# ruff: noqa: E501, ISC004 - tables of templates and messages, a case a line

from __future__ import annotations

import pytest

from harness.prompt import check_template

GRAMMAR = (
    "; allowed: {{ variable }}, {% if … %}, {% for … %}, {# comment #}; mend it, or put braces meant literally between "
    "{% raw %} and {% endraw %}"
)
PRIVATE = (
    "is private and not allowed in templates; allowed: names without a leading underscore; write row['_id'] for a "
    "column of that name"
)
ONE_FILE = "is not allowed in prompts; a prompt is one file; write the text here"
DEEP = "the template or a value nests too deeply; about 100 levels are allowed; make it simpler"
FILTERS = (
    "abs, batch, capitalize, center, count, d, default, dictsort, e, escape, first, float, format, groupby, indent, "
    "int, items, join, last, length, list, lower, map, max, min, reject, rejectattr, replace, reverse, round, select, "
    "selectattr, slice, sort, string, sum, title, tojson, trim, truncate, unique, upper, urlencode, wordcount"
)
TESTS = (
    "boolean, defined, divisibleby, eq, equalto, even, false, float, ge, greaterthan, gt, in, integer, iterable, le, "
    "lessthan, lower, lt, mapping, ne, none, number, odd, sameas, sequence, string, true, undefined, upper"
)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a\n{{ txt }}\n", [(1, "variable 'txt' is not declared; declared: label, text. Did you mean 'text'?")]),
        (
            "{{ zzz }}",
            [(0, "variable 'zzz' is not declared; declared: label, text; declare it under inputs or mend the name")],
        ),
        (
            "{{ lable }}\n{{ text }}\n\n{% if txet %}{% endif %}{{ lable }}",
            [
                (0, "variable 'lable' is not declared; declared: label, text. Did you mean 'label'?"),
                (3, "variable 'txet' is not declared; declared: label, text. Did you mean 'text'?"),
            ],
        ),
        (
            "{% for x in text %}\n{{ x }}\n{% endfor %}\n{{ x }}",
            [(3, "variable 'x' is not declared; declared: label, text; declare it under inputs or mend the name")],
        ),
        (
            "{% for x in\nx %}{{ x }}{% endfor %}",
            [(1, "variable 'x' is not declared; declared: label, text; declare it under inputs or mend the name")],
        ),
        (
            "{% macro m(a) %}\n{{ a }}{% endmacro %}{% with b = 1 %}\n{{ b }}{% endwith %}{{ m(1) }}\n{{ a }}{{\nb }}",
            [
                (3, "variable 'a' is not declared; declared: label, text; declare it under inputs or mend the name"),
                (4, "variable 'b' is not declared; declared: label, text; declare it under inputs or mend the name"),
            ],
        ),
        (
            "{{ loop.index }}",
            [(0, "variable 'loop' is not declared; declared: label, text; declare it under inputs or mend the name")],
        ),
        ("{% if text %}", [(0, "template syntax: Unexpected end of template. Jinja was looking for the following tags: "
                               "'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'" + GRAMMAR)]),
        ("a\nb {{ text }", [(1, "template syntax: unexpected '}'" + GRAMMAR)]),
        ("\n\n{{ }}", [(2, "template syntax: Expected an expression, got 'end of print statement'" + GRAMMAR)]),
        ("{% do text %}", [(0, "template syntax: Encountered unknown tag 'do'" + GRAMMAR)]),
        ("{% fro x in text %}", [(0, "template syntax: Encountered unknown tag 'fro'" + GRAMMAR)]),
        ("{% for loop in text %}{% endfor %}", [(0, "template syntax: Can't assign to special loop variable in for-loop target" + GRAMMAR)]),
        ("{{ text|uper }}", [(0, f"filter 'uper' is unknown; available: {FILTERS}. Did you mean 'upper'?")]),
        ("{{ text|x_y_z }}", [(0, f"filter 'x_y_z' is unknown; available: {FILTERS}; use one of them")]),
        ("\n{{ text|map('uper')|list }}", [(1, f"filter 'uper' is unknown; available: {FILTERS}. Did you mean 'upper'?")]),
        ("{% if text is definde %}{% endif %}", [(0, f"test 'definde' is unknown; available: {TESTS}. Did you mean 'defined'?")]),
        ("{{ text|selectattr('a', 'equal')|list }}", [(0, f"test 'equal' is unknown; available: {TESTS}. Did you mean 'equalto'?")]),
        ("\n{{ text.__class__ }}", [(1, f"attribute '__class__' {PRIVATE}")]),
        ("{{ text['__class__'] }}", [(0, f"attribute '__class__' {PRIVATE}")]),
        ("{% set ns = namespace() %}{% set ns._x = 1 %}", [(0, f"attribute '_x' {PRIVATE}")]),
        ("{{ self }}", [(0, f"attribute 'self' {PRIVATE}")]),
        ("{{ range(_loop_vars=1) }}", [(0, f"attribute '_loop_vars' {PRIVATE}")]),
        ("{% include 'x' %}", [(0, f"include {ONE_FILE}")]),
        ("\n{% import 'x' as y %}", [(1, f"import {ONE_FILE}")]),
        ("{% from 'x' import y %}", [(0, f"from … import {ONE_FILE}")]),
        ("{% extends 'x' %}", [(0, f"extends {ONE_FILE}")]),
        ("{% block x %}{% endblock %}", [(0, f"block {ONE_FILE}")]),
        ("{% autoescape true %}{% endautoescape %}", [(0, f"autoescape {ONE_FILE}")]),
        ("{{ " + "(" * 500 + "1" + ")" * 500 + " }}", [(0, DEEP)]),
        ("{{ " + "not " * 3000 + "1 }}", [(0, DEEP)]),
        ("{{ " + "1+" * 3000 + "1 }}", [(0, DEEP)]),
        ("{% for x in text %}" * 30 + "{% endfor %}" * 30, [(0, DEEP)]),
        ("{{ " + "9" * 5000 + " }}", [(0, "ValueError: Exceeds the limit (4300 digits) for integer string conversion: "
                                          "value has 5000 digits; use sys.set_int_max_str_digits() to increase the limit; "
                                          "the template must render with every sample; mend it or the value")]),
        (
            "{{ txt|uper }}\n{% include 'x' %}{{ text.__a__ }}",
            [
                (0, f"filter 'uper' is unknown; available: {FILTERS}. Did you mean 'upper'?"),
                (0, "variable 'txt' is not declared; declared: label, text. Did you mean 'text'?"),
                (1, f"attribute '__a__' {PRIVATE}"),
                (1, f"include {ONE_FILE}"),
            ],
        ),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_line(source: str, found: list[tuple[int, str]]) -> None:
    assert check_template(source, ["text", "label"]) == found


@pytest.mark.parametrize(
    "source",
    [
        "",
        "plain {text} and % and {",
        "{{ text }} {{ row['_id'] }} {{ row.a.b[0] }}",
        "{% set x = text %}{{ x }}",
        "{% for x in text %}{{ loop.index }}{{ x }}{% else %}{{ text }}{% endfor %}",
        "{% macro m(a, b=text) %}{{ a }}{{ varargs }}{{ kwargs }}{{ caller() }}{% endmacro %}{% call m(1) %}{% endcall %}",
        "{{ range(3)|list }}{{ dict(a=1) }}{% set n = namespace(a=1) %}{{ cycler(1).next() }}{% set j = joiner(',') %}",
        "{% raw %}{{ not_a_variable }}{% endraw %}{# {{ neither }} #}",
        "{{ text is string and text is not none and text == 'a' }}",
        "{{ text|map(attribute='a')|map('upper')|select|reject('none')|selectattr('a')|selectattr('a', 'eq', 1)|list }}",
    ],
)
def test_a_sound_template_has_no_mistakes(source: str) -> None:
    assert check_template(source, ["text", "row"]) == []


def test_without_inputs_every_variable_is_undeclared() -> None:
    assert check_template("{{ text }}", []) == [
        (0, "variable 'text' is not declared; declared: none; declare it under inputs or mend the name")
    ]
