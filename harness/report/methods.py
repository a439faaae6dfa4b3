"""How the numbers were made: metrics with signatures, intervals, what was not scored, what was run."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from harness.report.markup import el, join
from harness.report.results import UNIT_WORDS, column_title, direction
from harness.schema import Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.report.markup import Html
    from harness.schema import BackendSpec, Measure, RunRecord, Suite, TrialResult

INTERVALS = {
    "wilson": "Wilson's score interval: for means of zeros and ones, and for rates.",
    "t": "Student's t interval around the mean of independent trials.",
    "cluster-wilson": "Wilson's score interval with as many trials as the clustered ones are worth: trials of one "
    "cluster (a group, or the repeats of a sample) are not independent.",
    "cluster-t": "Student's t interval with the cluster-robust standard error: trials of one cluster (a group, or the "
    "repeats of a sample) are not independent.",
    "equal": "All values are equal: the means with which so many equal values would not be too rare (Markov's "
    "inequality within the metric's range).",
    "cluster-equal": "The same, where every cluster (a group, or the repeats of a sample) counts as one value.",
    "order statistics": "Ranks of the ordered values between which the percentile lies with 95 % confidence.",
    "cluster-order statistics": "The same with as many values as the clustered ones are worth (Woodruff 1952): trials "
    "of one cluster (a group, or the repeats of a sample) are not independent.",
    "none": "No interval is defined, for example for corpus values, least, greatest and sums.",
}
"""What an Aggregate's method means."""

_SCORES = (
    "A score is a finite value, or it is unscored (the metric does not apply: no reference, price unknown) or failed "
    "(the call or the metric failed). Neither counts as 0 in a mean; how many there are stands beside every number."
)
_MOST_REASONS = 5


def methods(record: RunRecord) -> Html:
    """The section."""
    return el(
        "section",
        el("h2", "Methods"),
        [_suite(suite, record) for suite in record.suites],
        _intervals(record),
        el("p", _SCORES, class_="prose"),
        el("p", "“unknown” means that the backend or the price table does not say.", class_="prose"),
        id="methods",
    )


def _suite(suite: Suite, record: RunRecord) -> Html:
    found = [result for result in record.results if result.trial.suite == suite.name]
    head = ("Metric", "Better", "Range", "Signature", "Not scored")
    missing = _missing(found)
    rows = [_measure(measure, missing.get(measure.name, Counter())) for measure in suite.measures]
    table = el("table", el("caption", f"Metrics of {suite.name}", class_="off"),
               el("thead", el("tr", [el("th", name, scope="col") for name in head])), el("tbody", rows))  # fmt: skip
    return join(el("h3", suite.name),
                el("div", table, class_="scroll methods", tabindex=0, role="region",
                   aria_label=f"Metrics of {suite.name}"), _inputs(suite))  # fmt: skip


def _measure(measure: Measure, missing: Mapping[tuple[str, str], int]) -> Html:
    better = "higher" if measure.higher_is_better else "lower"
    high = "∞" if measure.high is None else f"{measure.high:g}"
    unit = f" {UNIT_WORDS[measure.unit]}" if measure.unit in {"s", "tokens", "usd"} else ""
    reasons = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
    shown = [el("li", f"{number:,} {status}: {reason}") for (status, reason), number in reasons[:_MOST_REASONS]]
    if len(reasons) > _MOST_REASONS:
        shown.append(el("li", f"and {len(reasons) - _MOST_REASONS:,} other reasons"))
    return el("tr", el("th", el("code", measure.name), scope="row"), el("td", f"{direction(measure)} {better}"),
              el("td", f"{measure.low:g} to {high}{unit}"), el("td", el("code", measure.signature)),
              el("td", el("ul", shown) if shown else "nothing"))  # fmt: skip


def _missing(found: Iterable[TrialResult]) -> dict[str, Counter[tuple[str, str]]]:
    """Per measure: how often which (status, reason) stood instead of a value."""
    missing: dict[str, Counter[tuple[str, str]]] = {}
    for result in found:
        scores = Scores.of(result.scores)
        for place, (status, reason) in scores.notes.items():
            if status != "scored":
                missing.setdefault(scores.names[place], Counter())[status, reason or "no reason given"] += 1
    return missing


def _intervals(record: RunRecord) -> Html:
    used: dict[str, dict[str, None]] = {}
    shown = [one for cell in record.cells for one in (*cell.aggregates, cell.latency_p95) if one is not None]
    for one in shown:
        used.setdefault(one.method, {})[column_title((one.metric, one.aggregation))] = None
    items = [
        el("div", el("dt", method), el("dd", INTERVALS.get(method, "As the metric defines it."), " ",
           el("span", f"Used for {', '.join(titles)}.", class_="quiet")))
        for method, titles in used.items()
    ]  # fmt: skip
    return join(el("h3", "Intervals, all at 95 %"), el("dl", items, class_="terms"))


def _inputs(suite: Suite) -> Html:
    """What went in: files with their hashes, variants and backends, and what judges were asked for."""
    criteria = [(measure.name, measure.about) for measure in suite.measures if measure.about]
    return el(
        "dl",
        _term("Suite", f"{suite.path} · {suite.suite_hash}"),
        _term(
            "Dataset", f"{suite.dataset_path} · {suite.dataset_hash} · {len(suite.samples):,} of {suite.n_rows:,} rows"
        ),
        _term("Variants", *[f"{one.name}: {one.prompt.path} · {one.prompt.content_hash}" for one in suite.variants]),
        _term("Backends", *map(_backend, suite.backends)),
        *([_term("Judges", *map(_backend, suite.judges))] if suite.judges else []),
        *([_term("Criteria", *[f"{name}: {about}" for name, about in criteria])] if criteria else []),
        _term("Checks", *([check.text for check in suite.checks] or ["none"])),
        class_="terms",
    )


def _backend(spec: BackendSpec) -> str:
    params = dict(spec.params)
    written = json.dumps(params, ensure_ascii=False, default=str, sort_keys=True) if params else "no parameters"
    return f"{spec.name}: {spec.provider} {spec.model} · {written}"


def _term(name: str, *lines: str) -> Html:
    shown: Sequence[Html] = [el("dd", line) for line in lines]
    return el("div", el("dt", name), shown)
