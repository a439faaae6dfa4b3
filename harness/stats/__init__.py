"""Pure numbers: estimates with their uncertainty."""

from harness.stats.agreement import confusion, kendall_tau_b, pearson, plain_kappa, spearman, weighted_kappa
from harness.stats.allocation import Costs, Design, Increase, best_design, cheapest_increase, increases, standard_error
from harness.stats.bootstrap import bootstrap_interval
from harness.stats.bradley_terry import Comparison, bradley_terry, rank_players
from harness.stats.corpus import CorpusDifference, Resampled, paired_bootstrap, sentence_statistics
from harness.stats.decision import REASONS, Decision, Reason, decide
from harness.stats.drift import Cusum, Drift, cusum, cusum_limit, cusum_run_length, drift
from harness.stats.evidence import Evidence, mean_evidence, percentile_evidence
from harness.stats.flaky import Flaky, flaky
from harness.stats.interval import Interval
from harness.stats.krippendorff import krippendorff_alpha, krippendorff_interval
from harness.stats.means import mean_interval
from harness.stats.multiplicity import adjusted
from harness.stats.one_sample import OneSample, one_sample
from harness.stats.paired import Difference, one_sample_difference, paired_difference
from harness.stats.paired_test import PairedTest, one_sample_test, paired_test
from harness.stats.pass_at_k import pass_at_k, pass_interval
from harness.stats.percentiles import percentile_interval
from harness.stats.power import effective_pairs, fewest_units, mcnemar_power, minimum_detectable_effect, n_needed
from harness.stats.proportions import proportion_interval
from harness.stats.rule import Rule
from harness.stats.sequential import (
    Sides,
    Spending,
    alpha_spent,
    conditional_power,
    exit_probabilities,
    spending_levels,
)
from harness.stats.totals import total
from harness.stats.variance import Drawn, Variances, nested_variances

__all__ = [
    "REASONS",
    "Comparison",
    "CorpusDifference",
    "Costs",
    "Cusum",
    "Decision",
    "Design",
    "Difference",
    "Drawn",
    "Drift",
    "Evidence",
    "Flaky",
    "Increase",
    "Interval",
    "OneSample",
    "PairedTest",
    "Reason",
    "Resampled",
    "Rule",
    "Sides",
    "Spending",
    "Variances",
    "adjusted",
    "alpha_spent",
    "best_design",
    "bootstrap_interval",
    "bradley_terry",
    "cheapest_increase",
    "conditional_power",
    "confusion",
    "cusum",
    "cusum_limit",
    "cusum_run_length",
    "decide",
    "drift",
    "effective_pairs",
    "exit_probabilities",
    "fewest_units",
    "flaky",
    "increases",
    "kendall_tau_b",
    "krippendorff_alpha",
    "krippendorff_interval",
    "mcnemar_power",
    "mean_evidence",
    "mean_interval",
    "minimum_detectable_effect",
    "n_needed",
    "nested_variances",
    "one_sample",
    "one_sample_difference",
    "one_sample_test",
    "paired_bootstrap",
    "paired_difference",
    "paired_test",
    "pass_at_k",
    "pass_interval",
    "pearson",
    "percentile_evidence",
    "percentile_interval",
    "plain_kappa",
    "proportion_interval",
    "rank_players",
    "sentence_statistics",
    "spearman",
    "spending_levels",
    "standard_error",
    "total",
    "weighted_kappa",
]
