"""What tells a dataset's row from an edited one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.schema import canonical_json, content_hash

if TYPE_CHECKING:
    from harness.schema import Sample


def sample_hash(sample: Sample) -> str:
    """SHA-256 (first 16 hex digits) of all that the row gives: variables, references, group, tags.

    Neither its id nor its place is part of it: the id says which row it is, this says whether it is still the same.
    """
    return content_hash([canonical_json([sample.variables, sample.references, sample.group, sample.tags])])


class SampleHashes:
    """The hashes of one suite's samples, each made once, however many trials a sample has."""

    def __init__(self) -> None:
        """None is known yet."""
        self._known: dict[str, str] = {}

    def of(self, sample: Sample) -> str:
        """The sample's; ids are unique within a suite."""
        known = self._known.get(sample.sample_id)
        if known is None:
            known = self._known[sample.sample_id] = sample_hash(sample)
        return known
