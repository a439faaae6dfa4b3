"""The run in Markdown, for a CI job's summary or a pull request comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report import headline
from harness.report.comparison_text import what_changed
from harness.report.judges import judges_in_markdown
from harness.report.markdown import code, prose, table
from harness.report.noise import noise_in_markdown
from harness.report.numbers import ABSENT, commit, count, duration, in_unit, interval, moment, sizes
from harness.report.preambles import preamble_rates
from harness.report.quarantine import quarantine_in_markdown
from harness.report.results import aggregate_of, column_title, columns_of, counting, direction
from harness.wording import usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.report.results import Column
    from harness.schema import Cell, Measure, RunRecord, Suite, TrialResult, Verdict

MOST_CHARACTERS = 65_000
"""GitHub takes 65,536 characters in a comment."""

_MOST_ROWS = 60
_LONGEST_RATES = 8_000
_REST = "The rest is in `report.html`."


def render_summary(record: RunRecord) -> str:
    """Markdown of at most MOST_CHARACTERS: verdict, results, gates, errors, cost and time; what is cut is said."""
    sections = [_head(record), what_changed(record.comparisons, headline.small_models(record.suites))]
    sections += [*[_results(suite, record) for suite in record.suites], _gates(record)]
    sections += [judges_in_markdown(suite, record) for suite in record.suites]
    sections += [noise_in_markdown(suite.name, record) for suite in record.suites]
    sections += [quarantine_in_markdown(suite, record) for suite in record.suites]
    sections += [_errors(record), _footer(record)]
    return _fitted([section for section in sections if section])


def _fitted(sections: Sequence[list[str]]) -> str:
    """The sections in order, as long as they fit; the first and the last always do."""
    texts = ["\n".join(lines) for lines in sections]
    room = MOST_CHARACTERS - len(texts[0]) - len(texts[-1]) - len(_REST) - 8
    kept = []
    for text in texts[1:-1]:
        room -= len(text) + 2
        if room < 0:
            kept.append(_REST)
            break
        kept.append(text)
    return "\n\n".join([texts[0], *kept, texts[-1]]) + "\n"


def _head(record: RunRecord) -> list[str]:
    manifest = record.manifest
    verdict = headline.of_gates(record.verdicts)
    names = ", ".join(code(suite.name, 80) for suite in record.suites[:20]) or "no suite"
    lines = [f"## {verdict} · {names}", "", f"**{headline.trials(manifest.totals)}.**"]
    if not manifest.complete:
        lines += ["", f"> **INCOMPLETE:** {headline.incomplete(manifest.totals)}"]
    for line in headline.unguarded(record.suites):
        lines += ["", f"> **{prose(line, 500)}**"]
    for line in headline.early_stops(record.results):
        lines += ["", prose(line, 500)]
    for note in dict.fromkeys(headline.small_models(record.suites).values()):
        lines += ["", f"> † {note}"]
    return lines


def _results(suite: Suite, record: RunRecord) -> list[str]:
    cells = [cell for cell in record.cells if cell.suite == suite.name]
    if not cells:
        return []
    measures = {measure.name: measure for measure in suite.measures}
    columns = columns_of(cells, measures)
    titles = [f"{prose(column_title(column), 60)} {direction(measures.get(column[0]))}" for column in columns]
    head = ["Variant", "Backend", "Passed", *titles, "latency p95 ↓", "cost"]
    small = headline.small_models([suite])
    rows = [
        _row(cell, columns, measures, dagger=" †" if (suite.name, cell.backend) in small else "")
        for cell in cells[:_MOST_ROWS]
    ]
    more = [] if len(cells) <= _MOST_ROWS else ["", f"{len(cells) - _MOST_ROWS} more rows. {_REST}"]
    note = "Mean, 95 % interval, n. Latency in seconds, cost in USD."
    rates = preamble_rates(cells[:_MOST_ROWS])
    told = ["", prose(rates, _LONGEST_RATES)] if rates is not None else []
    shown = table(head, rows, right=len(head) - 2)
    return [f"### {code(suite.name, 80)}", "", *shown, *more, "", f"<sub>{note}</sub>", *told]


def _row(cell: Cell, columns: Sequence[Column], measures: dict[str, Measure], *, dagger: str) -> list[str]:
    shown = [code(cell.variant, 80), code(cell.backend, 80) + dagger, _passed(cell)]
    for column in columns:
        measure = measures.get(column[0])
        shown.append(_number(cell, column, measure.unit if measure is not None else "score"))
    latency = cell.latency_p95
    p95 = in_unit(latency.value, "s") if latency is not None else "no value"
    return [*shown, p95, usd(cell.cost_usd)]


def _passed(cell: Cell) -> str:
    """`58 of 59`, and what is not among these."""
    beside = ((cell.n_quarantined, "in quarantine"), (cell.n_not_run, "not run"))
    told = ", ".join(f"{number:,} {what}" for number, what in beside if number)
    return f"{cell.n_passed:,} of {counting(cell):,}" + (f"<br><sub>{told}</sub>" if told else "")


def _number(cell: Cell, column: Column, unit: str) -> str:
    aggregate = aggregate_of(cell, column)
    if aggregate is None:
        return ABSENT
    if aggregate.value is None:
        reason = f" · {prose(aggregate.reason, 80)}" if aggregate.reason else ""
        return f"no value<br><sub>{sizes(aggregate)}{reason}</sub>"
    bounds = "" if aggregate.ci_low is None else f"{interval(aggregate, unit)}, "
    return f"{in_unit(aggregate.value, unit)}<br><sub>{bounds}{sizes(aggregate)}</sub>"


def _gates(record: RunRecord) -> list[str]:
    failed = [verdict for verdict in record.verdicts if verdict.judged and not verdict.passed]
    unjudged = [verdict for verdict in record.verdicts if not verdict.judged]
    warned = [verdict for verdict in record.verdicts if headline.warns(verdict)]
    held = [verdict for verdict in record.verdicts if verdict.passed and not verdict.warns]
    lines = []
    if failed:
        lines += [f"### Failed gates ({len(failed):,})", "", *_gate_table(failed)]
    if unjudged:
        lines += [*([""] if lines else []), f"### Gates not judged ({len(unjudged):,})", "", *_gate_table(unjudged)]
    if warned:
        lines += [*([""] if lines else []), f"### Gates that warn ({len(warned):,})", "", *_gate_table(warned)]
    if held:
        fold = [
            f"<details><summary>Gates that hold ({len(held):,})</summary>",
            "",
            *_gate_table(held),
            "",
            "</details>",
        ]
        lines += ["", *fold] if lines else fold
    return lines


def _gate_table(verdicts: Sequence[Verdict]) -> list[str]:
    rows = []
    for one in verdicts[:_MOST_ROWS]:
        where = f"{code(one.variant, 80)} on {code(one.backend, 80)}"
        rows.append([code(one.gate.text), code(one.suite, 80), where, prose(one.message), code(one.gate.origin, 80)])
    more = [] if len(verdicts) <= _MOST_ROWS else ["", f"{len(verdicts) - _MOST_ROWS:,} more. {_REST}"]
    return [*table(["Gate", "Suite", "Where", "Verdict", "From"], rows), *more]


def _errors(record: RunRecord) -> list[str]:
    by_kind = _by_kind(record.results)
    if not by_kind:
        return []
    rows = []
    for kind, found in sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0])):
        trial = found[0].trial
        message = found[0].error.message if found[0].error is not None else _failed_metric(found[0])
        where = code(f"{trial.variant}[{trial.backend}-{trial.sample.sample_id}]", 120)
        rows.append([prose(headline.error_title(kind)), f"{len(found):,}", where, code(message)])
    return ["### What went wrong", "", *table(["Kind", "Trials", "First", "Its message"], rows)]


def _by_kind(results: Iterable[TrialResult]) -> dict[str, list[TrialResult]]:
    by_kind: dict[str, list[TrialResult]] = {}
    for result in results:
        kind = headline.kind_of(result)
        if kind is not None:
            by_kind.setdefault(kind, []).append(result)
    return by_kind


def _failed_metric(result: TrialResult) -> str:
    return next(
        (f"{one.metric}: {one.reason or 'no reason given'}" for one in result.scores if one.status == "failed"), ""
    )


def _footer(record: RunRecord) -> list[str]:
    manifest, totals = record.manifest, record.manifest.totals
    facts = [
        f"Cost of the answers {usd(totals.get('cost_usd'))}",
        f"spent by this run {usd(totals.get('spent_usd'))}",
        f"{count(totals.get('from_cache'))} answers from cache",
        f"tokens {count(totals.get('input_tokens'))} in, {count(totals.get('output_tokens'))} out",
        duration(manifest.wall_s),
    ]
    where = code(commit(manifest.git_commit))
    run = f"Run {code(manifest.run_id)}, {prose(moment(manifest.started_at))}, commit {where}."
    return [f"{' · '.join(facts)}.", "", f"<sub>{run}</sub>"]
