"""Two sides of a comparison → paired differences with their verdicts, and what else is not the same."""

from harness.compare.runs import RowKey, compare

__all__ = ["RowKey", "compare"]
