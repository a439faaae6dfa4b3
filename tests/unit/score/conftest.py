from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Answer, MetricSpec
from harness.score import create

if TYPE_CHECKING:
    from collections.abc import Callable


def _value_of(name: str, output: str, references: tuple[str, ...] = (), **options: Any) -> float | None:
    (scores,) = create(MetricSpec(name, options, Path())).score([Answer(output, references, {}, None)])
    return scores[0].value


@pytest.fixture
def value_of() -> Callable[..., float | None]:
    """The first score of a built-in metric for one output and its references."""
    return _value_of
