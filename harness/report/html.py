"""The report: one HTML file that opens from disk and asks the network for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.comparison import comparison
from harness.report.embed import data_blocks
from harness.report.frame import EXPLORER, page, script_of
from harness.report.gates import gates
from harness.report.judges import judges
from harness.report.markup import el
from harness.report.methods import methods
from harness.report.noise import noise
from harness.report.overview import overview
from harness.report.quarantine import quarantine
from harness.report.results import results

if TYPE_CHECKING:
    from harness.report.markup import Html
    from harness.schema import RunRecord


def render_html(record: RunRecord) -> str:
    """The whole file; all but the trials can be read without JavaScript."""
    names = ", ".join(suite.name for suite in record.suites) or "no suite"
    compared = ("Comparison",) if record.comparisons else ()
    held = ("Quarantine",) if any(suite.quarantine for suite in record.suites) else ()
    sections = ("Results", *compared, "Gates", *held, "Trials", "Methods")
    nav = el(
        "nav",
        [el("a", name, href=f"#{name.lower()}") for name in sections],
        aria_label="Sections",
    )
    body = (
        overview(record),
        nav,
        el(
            "main",
            results(record),
            comparison(record),
            gates(record),
            judges(record),
            noise(record),
            quarantine(record),
            _trials(),
            methods(record),
        ),
    )
    return page(f"{names} · {record.manifest.run_id}", body, data_blocks(record), script=script_of(EXPLORER))


def _trials() -> Html:
    """The frame that the script fills."""
    reason = (
        "The trials are drawn by the page's own script: allow JavaScript for this file to filter, open and compare "
        "them. The same rows are in trials.parquet and scores.parquet beside this file."
    )
    return el(
        "section",
        el("h2", "Trials"),
        el("noscript", el("p", reason, class_="note")),
        el("div", id="explorer", hidden=True),
        id="trials",
    )
