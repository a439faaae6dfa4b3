"""What is written down about one measure of a judge."""

from __future__ import annotations

from msgspec import Struct

from harness.schema import Estimate  # noqa: TC001 - msgspec reads the annotations


class Calibration(Struct, frozen=True):
    """One measure's entry."""

    signature: str
    """The measure's, with its judge's provider, model, address and parameters: what the numbers hold for."""
    calibrated_at: str
    """Date, UTC."""
    labels: str
    """The file with people's ratings, as it was named."""
    labels_hash: str
    """First 16 hex digits of the SHA-256 of what was rated."""
    n: int
    """Answers (or pairs) that both rated."""
    n_unscored: int
    """Answers whose verdict could not be read; in files of before `n_failed`, all without one."""
    estimates: dict[str, Estimate]
    """By name."""
    categories: list[float]
    """What rows and columns of the confusion stand for."""
    confusion: list[list[int]]
    """Rows are the people's ratings, columns the judge's."""
    note: str = ""
    """What else to know, such as that the judge is too small to be one."""
    n_clusters: int | None = None
    """Independent ones among the answers: groups, where there are some; None where it was not written yet."""
    n_failed: int = 0
    """Answers on which the judge's backend failed."""
    lacking: dict[str, str] = {}
    """By name: why there is no number, or no interval beside it."""
