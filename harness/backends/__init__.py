"""What answers: the Backend protocol, its providers and the embedded models.

Importing this room is cheap: httptools, xllamacpp and the users' own code are imported by what needs them.
"""

from harness.backends.amounts import is_amount, is_count
from harness.backends.models import MODELS
from harness.backends.pool import Pool
from harness.backends.pricing import Tariff, cost_usd, tariff_of, unknown_price, why_unpriced
from harness.backends.protocol import Backend
from harness.backends.registry import PROVIDERS, check, create, embedded, fingerprint, takes_params

__all__ = [
    "MODELS",
    "PROVIDERS",
    "Backend",
    "Pool",
    "Tariff",
    "check",
    "cost_usd",
    "create",
    "embedded",
    "fingerprint",
    "is_amount",
    "is_count",
    "takes_params",
    "tariff_of",
    "unknown_price",
    "why_unpriced",
]
