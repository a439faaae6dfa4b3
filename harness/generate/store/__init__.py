"""The project's store of answers, in one SQLite file."""

from harness.generate.store.maintenance import export_answers, import_answers, measure, prune
from harness.generate.store.rows import Claim, Journalled, Row, Totals, UnfinishedRun
from harness.generate.store.store import Store, open_store

__all__ = [
    "Claim",
    "Journalled",
    "Row",
    "Store",
    "Totals",
    "UnfinishedRun",
    "export_answers",
    "import_answers",
    "measure",
    "open_store",
    "prune",
]
