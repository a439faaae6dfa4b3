"""Two sides of a comparison → paired differences with their verdicts, and what else is not the same."""

from harness.comparison.runs import RowKey, compare
from harness.comparison.within import two_backends, two_variants

__all__ = ["RowKey", "compare", "two_backends", "two_variants"]
