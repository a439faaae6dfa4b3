"""Trials → generations: schedule, retry, cache."""

from harness.generate.cache import AnswerCache, open_cache
from harness.generate.engine import Completion, Engine
from harness.generate.store import Claim, Journalled, Row, Store, Totals, UnfinishedRun, open_store

__all__ = [
    "AnswerCache",
    "Claim",
    "Completion",
    "Engine",
    "Journalled",
    "Row",
    "Store",
    "Totals",
    "UnfinishedRun",
    "open_cache",
    "open_store",
]
