"""`reports/index.html`: every run, newest first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.report import headline
from harness.report.findings import findings_text
from harness.report.frame import page
from harness.report.markup import el, join
from harness.report.numbers import commit, count, duration, moment
from harness.wording import counted, escaped, usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.report.markup import Html
    from harness.schema import Finding, RunManifest

_TITLE = "Prompt suite runs"
_ALL_READ: Mapping[str, str] = {}
_COLUMNS = ("Started", "Suites", "Gates", "Trials", "Cost", "Time", "Commit")


def render_index(runs: Sequence[RunManifest], unreadable: Mapping[str, str] = _ALL_READ) -> str:
    """A page that links each run's `runs/<run_id>/report.html`; `unreadable` are others, with what is wrong of each."""
    newest = sorted(runs, key=lambda run: (run.started_at, run.run_id), reverse=True)
    number = f"{counted(len(newest), 'run')}, newest first"
    if unreadable:
        number += f"; {counted(len(unreadable), 'more run')} cannot be read"
    content: Html
    if newest:
        names = el("thead", el("tr", [el("th", name, scope="col") for name in _COLUMNS]))
        table = el("table", el("caption", _TITLE, class_="off"), names, el("tbody", [_row(run) for run in newest]))
        content = el("div", table, class_="scroll runs", tabindex=0, role="region", aria_label=_TITLE)
    else:
        content = el("p", "No run is recorded here yet.", class_="quiet")
    head = el("header", el("h1", _TITLE), el("p", number, class_="identity"), class_="top")
    return page(_TITLE, (head, el("main", content, _unreadable(unreadable) if unreadable else None)))


def _unreadable(runs: Mapping[str, str]) -> Html:
    """What cannot be shown, and what to do: a run that is left out would look as if it had never been."""
    items = [el("li", el("code", f"runs/{name}/run.json"), f": {escaped(why)}") for name, why in runs.items()]
    what = "Runs that cannot be read, and are compared with nothing; restore run.json, or move the folder away:"
    return el("section", el("p", el("strong", what)), el("ul", items))


def _row(run: RunManifest) -> Html:
    totals = run.totals
    names = ", ".join(str(suite.get("name", "")) for suite in run.suites) or "no suite"
    link = el("a", moment(run.started_at), href=f"runs/{quote(run.run_id, safe='', errors='replace')}/report.html")
    tokens = f"{count(totals.get('input_tokens'))} tokens in, {count(totals.get('output_tokens'))} out"
    calls = f"{count(totals.get('from_cache'))} from cache · {tokens}"
    return el(
        "tr",
        el("td", link, " ", el("small", run.run_id)),
        el("th", names, scope="row"),
        el("td", _verdict(run)),
        el("td", el("span", headline.trials(totals), class_=headline.trials_state(totals)), el("small", calls)),
        el("td", usd(totals.get("cost_usd")), data_title="Cost"),
        el("td", duration(run.wall_s), data_title="Time"),
        el("td", el("code", commit(run.git_commit), title=run.git_commit), data_title="Commit"),
    )


def _verdict(run: RunManifest) -> Html:
    answers = [bool(one.get("passed")) if one.get("judged", True) else None for one in run.verdicts]
    warned = sum(bool(one.get("passed") and one.get("warns")) for one in run.verdicts)
    shown = el("span", headline.gates(answers, warned=warned), class_=f"state {headline.gates_state(answers)}")
    state = None if run.complete else el("small", "INCOMPLETE", class_="incomplete-run")
    return join(shown, _compared(run), state)


def _compared(run: RunManifest) -> Html | None:
    """What its comparisons found, all suites together; None where it was compared with nothing."""
    if not run.comparisons:
        return None
    counts: Counter[Finding] = Counter()
    for one in run.comparisons:
        counts.update(one.get("findings") or {})
    beside = ", ".join(dict.fromkeys(str(one.get("baseline", "")) for one in run.comparisons))
    return el("small", findings_text(counts), title=f"beside {beside}", class_="compared-run")
