"""A model as judge: how it is asked, and how its verdict is read."""

from harness.score.judge.metric import Judge
from harness.score.judge.prefer import Prefer

__all__ = ["Judge", "Prefer"]
