"""Trials → generations: schedule, limits, retries, cache, journal."""

from harness.generate.completion import Completion
from harness.generate.engine import Engine, Wiring
from harness.generate.sitting import Sitting, sit_down
from harness.generate.store import Claim, Journalled, Row, Store, Totals, UnfinishedRun, open_store

__all__ = [
    "Claim",
    "Completion",
    "Engine",
    "Journalled",
    "Row",
    "Sitting",
    "Store",
    "Totals",
    "UnfinishedRun",
    "Wiring",
    "open_store",
    "sit_down",
]
