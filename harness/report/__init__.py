"""A finished run as people read it: one HTML file, a Markdown summary, a list of runs; pure: it writes nothing."""

from harness.report.comparison_text import comparison_json, comparison_markdown
from harness.report.headline import small_model_note
from harness.report.html import render_html
from harness.report.index import render_index
from harness.report.summary import render_summary

__all__ = [
    "comparison_json",
    "comparison_markdown",
    "render_html",
    "render_index",
    "render_summary",
    "small_model_note",
]
