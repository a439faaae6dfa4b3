from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec.structs import replace

from harness.report import render_html, render_index
from harness.report.headline import gates
from tests.unit.report.run_records import HOSTILE, Shape, build_record, with_output


class Reader(HTMLParser):
    """The page as a browser without scripts sees it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        holder = self.open[-1] if self.open else ""
        {"script": self.scripts, "style": self.styles}.get(holder, self.text).append(data)


def index_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" class="run-index" data-form="(\w+)">(.*?)</script>', page)
    assert found is not None
    text = found[2] if found[1] == "json" else zlib.decompress(base64.b64decode(found[2])).decode()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def visible(page: str) -> str:
    return " ".join("".join(Reader(page).text).split())


def test_page_is_well_formed_and_names_nothing_outside_itself() -> None:
    page = render_html(build_record(Shape(hostile=True, suites=("feedback", "answers"))))
    reader = Reader(page)
    assert reader.open == []
    links = [
        value for _, attributes in reader.tags for key, value in attributes.items() if key in {"src", "href", "action"}
    ]
    assert all(link is not None and link.startswith(("#", "data:,")) for link in links)
    assert not any(key.startswith("on") or key == "style" for _, attributes in reader.tags for key in attributes)


def test_policy_allows_exactly_the_pages_own_style_and_script() -> None:
    reader = Reader(render_html(build_record()))
    policy = next(tag[1]["content"] for tag in reader.tags if tag[1].get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    own = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (reader.styles[0], reader.scripts[-1])
    ]
    assert f"default-src 'none'; style-src {own[0]}; script-src {own[1]};" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answer_adds_no_element_and_survives_unchanged(text: str) -> None:
    record = build_record(Shape(samples=2))
    tame = Reader(render_html(with_output(record, 0, "tame")))
    page = render_html(with_output(record, 0, text))
    assert Reader(page).tags == tame.tags
    page.encode("utf-8")
    texts = re.findall(r'<script type="application/json" class="run-texts" data-form="json">(.*?)</script>', page)
    index = index_of(page)
    assert json.loads(texts[0])[index["trials"]["output"][0]] == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_messages_are_text_in_the_static_parts(text: str) -> None:
    record = build_record(Shape(samples=2))
    verdicts = tuple(replace(one, message=text) for one in record.verdicts)
    cells = tuple(replace(one, variant=text, backend=text, model=text) for one in record.cells)
    manifest = replace(record.manifest, run_id=text, git_commit=text, versions={text: text})
    page = render_html(replace(record, manifest=manifest, verdicts=verdicts, cells=cells))
    names = {name for name, _ in Reader(page).tags}
    assert not names & {"img", "b", "iframe"}
    page.encode("utf-8")


def test_incomplete_run_says_so_and_a_complete_one_does_not() -> None:
    assert "INCOMPLETE 30 of 120 trials were not run" in visible(render_html(build_record(Shape(complete=False))))
    assert "INCOMPLETE" not in visible(render_html(build_record()))


def test_failed_gates_come_before_those_that_hold() -> None:
    page = visible(render_html(build_record(Shape(samples=60))))
    assert "1 of 20 gates failed" in page
    assert page.index("does not hold") < page.index(" holds: is")


def test_no_gate_is_not_called_a_success() -> None:
    page = visible(render_html(replace(build_record(), verdicts=())))
    assert "No gates are set" in page
    assert "gates hold" not in page


def test_small_model_is_noted_once_and_marked_at_every_number_of_it() -> None:
    page = render_html(build_record(Shape(samples=60)))
    assert visible(page).count("not a judge of quality") == 1
    assert page.count('role="img" aria-label="SmolLM2-135M is a small real model') == 3 + 10
    embedded = build_record(Shape(samples=2, backends=(("smollm2", "smollm2"),), provider="llamacpp"))
    assert "judge of quality" in render_html(embedded)
    other = build_record(Shape(samples=2, backends=(("smollm2", "smollm2"),), provider="openai"))
    assert "judge of quality" not in render_html(other)


def test_unknown_cost_and_tokens_are_words() -> None:
    record = build_record()
    manifest = replace(record.manifest, totals={**record.manifest.totals, "input_tokens": None})
    page = visible(render_html(replace(record, manifest=manifest)))
    assert "Input tokensunknown" in page
    assert "Cost of the answersunknown" in page


def test_result_table_tells_what_is_not_scored() -> None:
    record = build_record()
    cost = next(one for one in record.cells[0].aggregates if one.metric == "cost_usd")
    assert cost.n_unscored > 0
    assert f"no valuen 0{cost.n_unscored} unscored · {cost.n_failed} failed" in visible(render_html(record))


def test_methods_name_signatures_intervals_and_reasons() -> None:
    page = visible(render_html(build_record()))
    for part in (
        "f1|squad-1.1|v1",
        "cluster-t",
        "Wilson",
        "the sample has no reference",
        "the price of this model is unknown",
    ):
        assert part in page


def test_each_text_is_embedded_once() -> None:
    page = render_html(build_record(Shape(samples=20)))
    assert page.count("Answer with one word.") == 1
    assert len(index_of(page)["trials"]["cell"]) == 120


def test_scores_without_a_measure_and_trials_without_scores_keep_their_places() -> None:
    record = build_record(Shape(samples=2, complete=False))
    index = index_of(render_html(record))
    for scores in index["scores"].values():
        assert len(scores["values"]) == len(scores["status"]) == len(record.results)
        assert scores["status"].endswith("---")


def test_large_run_is_packed_below_its_text() -> None:
    record = build_record(Shape(samples=1000))
    page = render_html(record)
    text = sum(len(message.content) for result in record.results for message in result.trial.messages)
    assert index_of(page)["outcomes"].count("p") == sum(result.outcome == "passed" for result in record.results)
    assert len(page) < text


def test_same_record_gives_the_same_page() -> None:
    assert render_html(build_record()) == render_html(build_record())


def test_index_lists_runs_newest_first_with_links_that_cannot_leave_the_folder() -> None:
    manifest = build_record().manifest
    older = replace(manifest, run_id="../../<b>", started_at="2025-01-01T00:00:00Z", complete=False)
    page = render_index([older, manifest])
    links = [attributes["href"] for tag, attributes in Reader(page).tags if tag == "a"]
    assert links == ["runs/20261122T201849.042Z-3f9a/report.html", "runs/..%2F..%2F%3Cb%3E/report.html"]
    assert gates([bool(one["passed"]) for one in manifest.verdicts]) in visible(page)
    assert "INCOMPLETE" in visible(page)
    assert "script-src 'none'" in unescape(page)


def test_index_names_runs_that_cannot_be_read_with_what_is_wrong() -> None:
    manifest = build_record().manifest
    page = visible(render_index([manifest], {"2099-<b>": "the manifest is damaged (\x1b[31m)"}))
    assert "1 run, newest first; 1 more run cannot be read" in page
    assert "runs/2099-<b>/run.json: the manifest is damaged (\\x1b[31m)" in page
    assert "cannot be read" not in visible(render_index([manifest]))


def test_index_of_nothing_says_so() -> None:
    assert "No run is recorded here yet." in visible(render_index([]))
