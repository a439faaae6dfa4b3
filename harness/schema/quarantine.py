"""Trials that are known to be broken, and must not stop anybody for a while."""

from __future__ import annotations

from msgspec import Struct


class Quarantine(Struct, frozen=True):
    """A sample whose trials still run and are reported, but fail nothing and count in no gate."""

    sample: str
    """Its id."""
    reason: str
    """Why, for whoever reads the report."""
    until: str
    """Last day on which it holds (UTC), `2026-12-31`."""
    variants: tuple[str, ...] | None = None
    """Names of the variants that it is about; None means all."""
    backends: tuple[str, ...] | None = None
    """Names of the backends; None means all."""

    def is_about(self, variant: str, backend: str) -> bool:
        """Whether the sample's trials of this variant on this backend are meant."""
        is_variant = self.variants is None or variant in self.variants
        return is_variant and (self.backends is None or backend in self.backends)
