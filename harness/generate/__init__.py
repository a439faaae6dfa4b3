"""Trials → generations: schedule, retry, cache."""

from harness.generate.cache import AnswerCache, open_cache
from harness.generate.engine import Completion, Engine

__all__ = ["AnswerCache", "Completion", "Engine", "open_cache"]
