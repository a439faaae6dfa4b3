"""The run store: the only writer of run folders, and their reader."""

from harness.record.load import Run, list_manifests, load_manifest, load_run
from harness.record.manifest import make_record, with_judgings
from harness.record.preparation import Preparation
from harness.record.store import RunStore, new_run_id

__all__ = [
    "Preparation",
    "Run",
    "RunStore",
    "list_manifests",
    "load_manifest",
    "load_run",
    "make_record",
    "new_run_id",
    "with_judgings",
]
