"""Trials → generations: schedule, limits, retries, cache, journal."""

from harness.generate.asking import Inquiries
from harness.generate.completion import Completion, findings_of
from harness.generate.engine import Engine, Wiring
from harness.generate.sitting import Sitting, sit_down
from harness.generate.store import Claim, Journalled, Row, Store, Totals, UnfinishedRun, open_store

__all__ = [
    "Claim",
    "Completion",
    "Engine",
    "Inquiries",
    "Journalled",
    "Row",
    "Sitting",
    "Store",
    "Totals",
    "UnfinishedRun",
    "Wiring",
    "findings_of",
    "open_store",
    "sit_down",
]
