"""Trials → generations: schedule, retry, cache."""

from harness.generate.cache import AnswerCache
from harness.generate.engine import Completion, Engine

__all__ = ["AnswerCache", "Completion", "Engine"]
