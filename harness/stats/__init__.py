"""Pure numbers: estimates with their uncertainty."""

from harness.stats.interval import Interval
from harness.stats.means import mean_interval
from harness.stats.percentiles import percentile_interval
from harness.stats.proportions import proportion_interval
from harness.stats.totals import total

__all__ = ["Interval", "mean_interval", "percentile_interval", "proportion_interval", "total"]
