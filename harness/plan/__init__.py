"""A suite → its trials and gates, in order, with stable ids and cache keys."""

from harness.plan.gates import plan_gates
from harness.plan.keys import cache_content, cache_key, identity_text, trial_id
from harness.plan.names import gate_name, item_name
from harness.plan.trials import plan_trials

__all__ = [
    "cache_content",
    "cache_key",
    "gate_name",
    "identity_text",
    "item_name",
    "plan_gates",
    "plan_trials",
    "trial_id",
]
