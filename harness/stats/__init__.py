"""Pure numbers: estimates with their uncertainty."""

from harness.stats.agreement import confusion, kendall_tau_b, pearson, plain_kappa, spearman, weighted_kappa
from harness.stats.bootstrap import bootstrap_interval
from harness.stats.bradley_terry import Comparison, bradley_terry, rank_players
from harness.stats.interval import Interval
from harness.stats.krippendorff import krippendorff_alpha, krippendorff_interval
from harness.stats.means import mean_interval
from harness.stats.pass_at_k import pass_at_k, pass_interval
from harness.stats.percentiles import percentile_interval
from harness.stats.proportions import proportion_interval
from harness.stats.totals import total
from harness.stats.variance import Drawn, Variances, nested_variances

__all__ = [
    "Comparison",
    "Drawn",
    "Interval",
    "Variances",
    "bootstrap_interval",
    "bradley_terry",
    "confusion",
    "kendall_tau_b",
    "krippendorff_alpha",
    "krippendorff_interval",
    "mean_interval",
    "nested_variances",
    "pass_at_k",
    "pass_interval",
    "pearson",
    "percentile_interval",
    "plain_kappa",
    "proportion_interval",
    "rank_players",
    "spearman",
    "total",
    "weighted_kappa",
]
