"""What answers: the Backend protocol, its providers and the embedded models.

Importing this room is cheap: aiohttp, xllamacpp and the users' own code are imported by what needs them.
"""

from harness.backends.models import MODELS
from harness.backends.pool import Pool
from harness.backends.pricing import cost_usd
from harness.backends.protocol import Backend
from harness.backends.registry import PROVIDERS, check, create, embedded

__all__ = ["MODELS", "PROVIDERS", "Backend", "Pool", "check", "cost_usd", "create", "embedded"]
