"""The run store: the only writer of run folders, and their reader."""

from harness.record.baseline import (
    Kept,
    Saved,
    baseline_path,
    kept_baseline,
    parse_baseline,
    read_baseline,
    write_baseline,
)
from harness.record.compared import COMPARISON_COLUMNS, comparison_frame
from harness.record.contents import SampleHashes, sample_hash
from harness.record.export import write_export
from harness.record.history import load_history
from harness.record.load import Run, load_manifest, load_run
from harness.record.manifest import backend_facts, make_record, suite_facts, with_findings
from harness.record.measured import measured_of_record, measured_of_results, measured_of_run
from harness.record.preparation import Preparation
from harness.record.reference import resolve, resolve_run, resolve_suites
from harness.record.rounding import rounded_value
from harness.record.runs import list_runs, told_apart
from harness.record.store import RunStore, new_run_id
from harness.record.tiers import tags_of_run

__all__ = [
    "COMPARISON_COLUMNS",
    "Kept",
    "Preparation",
    "Run",
    "RunStore",
    "SampleHashes",
    "Saved",
    "backend_facts",
    "baseline_path",
    "comparison_frame",
    "kept_baseline",
    "list_runs",
    "load_history",
    "load_manifest",
    "load_run",
    "make_record",
    "measured_of_record",
    "measured_of_results",
    "measured_of_run",
    "new_run_id",
    "parse_baseline",
    "read_baseline",
    "resolve",
    "resolve_run",
    "resolve_suites",
    "rounded_value",
    "sample_hash",
    "suite_facts",
    "tags_of_run",
    "told_apart",
    "with_findings",
    "write_baseline",
    "write_export",
]
