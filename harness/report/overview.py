"""The top of the page: what ran, whether it is complete, the verdict and the totals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from harness.report import headline
from harness.report.comparison import found
from harness.report.findings import counts_of, weighty
from harness.report.markup import Html, el, join
from harness.report.numbers import commit, count, duration, moment
from harness.wording import usd

if TYPE_CHECKING:
    from harness.schema import RunManifest, RunRecord


def overview(record: RunRecord) -> Html:
    """The header element."""
    manifest = record.manifest
    notes = dict.fromkeys(headline.small_models(record.suites).values())
    return el(
        "header",
        el("p", "prompt suite run", class_="kicker"),
        el("h1", ", ".join(suite.name for suite in record.suites) or "No suite"),
        _identity(manifest),
        None if manifest.complete else _incomplete(manifest),
        _verdict(record),
        [el("p", line, class_="unguarded") for line in headline.unguarded(record.suites)],
        _totals(manifest),
        _errors(record),
        [el("p", el("span", "†", class_="dagger"), " ", note, class_="note") for note in notes],
        _versions(manifest),
        class_="top",
    )


def _identity(manifest: RunManifest) -> Html:
    return el(
        "p",
        el("time", moment(manifest.started_at), datetime=manifest.started_at),
        " · run ",
        el("code", manifest.run_id),
        " · commit ",
        el("code", commit(manifest.git_commit), title=manifest.git_commit)
        if manifest.git_commit
        else "unknown (outside a git checkout)",
        class_="identity",
    )


def _incomplete(manifest: RunManifest) -> Html:
    return el("p", el("strong", "INCOMPLETE"), " ", headline.incomplete(manifest.totals), class_="incomplete")


def _verdict(record: RunRecord) -> Html:
    manifest, answers = record.manifest, [headline.answer(verdict) for verdict in record.verdicts]
    states = headline.gates_state(answers), headline.trials_state(manifest.totals)
    overall = "failed" if "failed" in states else "not_run" if not manifest.complete else states[0]
    return el(
        "div",
        el("p", el("a", headline.of_gates(record.verdicts), href="#gates"), class_=f"verdict {states[0]}"),
        el("p", headline.trials(manifest.totals), class_=f"verdict-trials {states[1]}"),
        [el("p", line, class_="quiet") for line in headline.early_stops(record.results)],
        el("p", "Beside the baseline: ", found(counts_of(weighty(record.comparisons)))) if record.comparisons else None,
        class_=f"outcome {overall}",
    )


def _totals(manifest: RunManifest) -> Html:
    totals = manifest.totals
    figures = (
        ("From cache", count(totals.get("from_cache"))),
        ("Calls made", count(totals.get("calls"))),
        ("Retries", count(totals.get("retries"))),
        ("Input tokens", count(totals.get("input_tokens"))),
        ("Output tokens", count(totals.get("output_tokens"))),
        ("Cost of the answers", usd(totals.get("cost_usd"))),
        ("Spent by this run", usd(totals.get("spent_usd"))),
        ("Time", duration(manifest.wall_s)),
    )
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in figures], class_="figures")


def _errors(record: RunRecord) -> Html:
    kinds = Counter(kind for result in record.results if (kind := headline.kind_of(result)) is not None)
    if not kinds:
        return Html()
    links = [
        el(
            "li",
            el(
                "a",
                f"{headline.error_title(kind)}: {number:,}",
                href="#" + urlencode({"kind": kind}),
                class_="to-trials",
            ),
        )
        for kind, number in kinds.most_common()
    ]
    return el("div", el("h2", "What went wrong", class_="inline"), el("ul", links), class_="errors")


def _versions(manifest: RunManifest) -> Html:
    shown = [el("span", name, " ", el("code", version)) for name, version in manifest.versions.items()]
    return el("p", join(*[join(one, " ") for one in shown]), class_="versions") if shown else Html()
