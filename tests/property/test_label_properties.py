"""Moving a label changes the labels of a prompt file, and no other byte that matters."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.suite.document import parse, plain
from harness.suite.label_edit import with_label, without_label

LABELS = st.sampled_from(["prod-a", "prod_b", "canary", "x", "yes", "v.next", "ünï", "null", "1e5"])
NAMES = st.lists(LABELS, max_size=4, unique=True)
COMMENTS = st.sampled_from(["", "  # why: it is \"live\", 'now'", " # a, b]", "\t# tab"])


def written(label: str, style: str) -> str:
    needs = label in {"yes", "null", "1e5", "ünï"} and not style
    return f'"{label}"' if needs else f"{style}{label}{style}"


@st.composite
def label_lines(draw: st.DrawFn, labels: list[str]) -> list[str]:
    """The entry `labels:` in one of the ways that people write it, at indentation 0."""
    style = draw(st.sampled_from(["", "'", '"']))
    words = [written(label, style) for label in labels]
    form = draw(st.sampled_from(["flow", "flow", "block", "indentless", "lines"]))
    if form in {"block", "indentless"} and words:
        indent = "  " if form == "block" else ""
        return [f"labels:{draw(COMMENTS)}", *(f"{indent}- {word}{draw(COMMENTS)}" for word in words)]
    if form == "lines" and words:
        return ["labels: [", *(f"  {word},{draw(COMMENTS)}" for word in words), "]"]
    return [f"labels: [{draw(st.sampled_from([', ', ' , ', ',']))[:9].join(words)}]{draw(COMMENTS)}"]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A prompt file, and its labels."""
    labels = draw(NAMES)
    before = draw(st.lists(st.sampled_from(['version: "1.10"', "author: me", "created: 2026-11-22"]), unique=True))
    after = draw(st.sampled_from([[], ["performance_baseline:", "  exact_match: 0.60  # floor"]]))
    has_labels = draw(st.booleans()) or bool(labels)
    own = draw(label_lines(labels)) if has_labels else []
    entries = [f"{line}{draw(COMMENTS)}" for line in before] + own + after
    metadata = ["metadata:", *(f"  {line}" for line in entries)] if entries else []
    rest = ["", "# about the inputs", "inputs: {text: str}", "template: |", "  # no comment: {{ text }}", "  - a"]
    lines = [*draw(st.sampled_from([[], ["# head", ""]])), *draw(st.permutations([metadata, rest]))[0]]
    lines += rest if lines[-1:] != rest[-1:] else metadata
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(lines) + draw(st.sampled_from(["", newline])), labels


def without_labels(value: Any) -> Any:
    metadata = {key: item for key, item in value.get("metadata", {}).items() if key != "labels"}
    return {key: item for key, item in value.items() if key != "metadata"}, metadata


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"(?:^|[ \t])(#[^\n\r]*)", text, re.MULTILINE))


def kept(text: str, edited: str, labels: list[str]) -> None:
    before, after = (plain(parse(each, "v1.yaml").value) for each in (text, edited))
    assert [str(each) for each in after["metadata"]["labels"]] == labels
    assert without_labels(after) == without_labels(before)
    assert list(after["metadata"]) == list(before.get("metadata", {})) or "labels" not in before.get("metadata", {})
    assert comments(edited) == comments(text)
    assert "\n" not in edited.replace("\r\n", "") or "\r\n" not in text


@settings(deadline=None)
@given(files(), st.sampled_from(["new", "off", "ß-1"]))
def test_added_label_is_the_last_one_and_all_else_is_as_it_was(file: tuple[str, list[str]], label: str) -> None:
    text, labels = file
    edited = with_label(text, label, "v1.yaml")
    kept(text, edited, [*labels, label])
    lines = edited.splitlines()
    lost = [line for line in text.splitlines() if line not in lines]
    assert len(lost) <= 1


@settings(deadline=None)
@given(files())
def test_removed_label_is_gone_and_all_else_is_as_it_was(file: tuple[str, list[str]]) -> None:
    text, labels = file
    for label in labels:
        kept(text, without_label(text, label, "v1.yaml"), [each for each in labels if each != label])


@settings(deadline=None)
@given(files())
def test_label_that_comes_and_goes_leaves_the_file_as_it_was_where_there_are_others(
    file: tuple[str, list[str]],
) -> None:
    text, labels = file
    if labels:
        again = without_label(with_label(text, "new", "v1.yaml"), "new", "v1.yaml")
        assert again.removesuffix("\n").removesuffix("\r") == text.removesuffix("\n").removesuffix("\r")
