"""bertscore: the metric, the matching of tokens, and the library's tables of layers and baselines."""

from harness.score.bertscore.metric import BertScore

__all__ = ["BertScore"]
