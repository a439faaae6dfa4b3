"""A suite → its trials and gates, in order, with stable ids and cache keys."""

from harness.plan.gates import plan_gates
from harness.plan.keys import cache_key, trial_id
from harness.plan.names import gate_name, item_name
from harness.plan.trials import plan_trials

__all__ = ["cache_key", "gate_name", "item_name", "plan_gates", "plan_trials", "trial_id"]
