"""What tests of encoders need: installed by `make setup`, or by CI."""

from __future__ import annotations

import importlib.util

import pytest

from harness.backends.models import find

NEEDED = "pip install torch==2.13.0 transformers bert-score==0.3.13 && prompt-suite models install minilm-fp32"
"""Installs what the embedded encoder is compared with."""

_torch_is_there = find("minilm-fp32") and all(
    importlib.util.find_spec(name) for name in ("torch", "transformers", "bert_score")
)
needs_minilm = pytest.mark.skipif(find("minilm") is None, reason="no encoder; run: prompt-suite models install minilm")
"""Skips by name where the embedded encoder is not installed."""
needs_torch = pytest.mark.skipif(not _torch_is_there, reason=f"no torch, or not all beside it; run: {NEEDED}")
"""Skips by name where torch, transformers, the bert-score library or the published weights are not installed."""
