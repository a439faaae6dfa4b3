"""Names of pytest items: readable, one line, and safe in any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.wording import escaped

if TYPE_CHECKING:
    from harness.schema import GateSpec, Trial


def _printable(text: str) -> str:
    """The text with control characters and `::` escaped, so that a node id can be read back."""
    return escaped(text).replace("::", ":\\x3a")


def item_name(trial: Trial) -> str:
    """`few_shot@1.1[smollm2-fb003]`, with `-r2` before the bracket closes for the second repeat."""
    repeat = f"-r{trial.repeat}" if trial.repeat > 1 else ""
    return f"{_printable(trial.variant)}[{_printable(trial.backend)}-{_printable(trial.sample.sample_id)}{repeat}]"


def gate_name(gate: GateSpec, variant: str, backend: str) -> str:
    """`gate[exact_match.mean>=0.60-few_shot@1.1-smollm2]`."""
    condition = gate.text.replace(" ", "")
    return f"gate[{_printable(condition)}-{_printable(variant)}-{_printable(backend)}]"
