"""Amounts read the same in the page's script and everywhere else."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from harness.wording import usd
from tests.unit.report.run_records import build_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Opened

    Open = Callable[..., Opened]

pytestmark = pytest.mark.browser

AMOUNTS = [None, 0, 1234.5, 1234567.891, 1, 0.9996, 0.997, 0.5, 0.0124, 0.01, 0.000012, 0.00000312, 1e-12, -0.5]


def test_script_shows_amounts_as_the_rest_of_the_program(open_report: Open) -> None:
    script = (files("harness.report") / "page" / "format.js").read_text(encoding="utf-8")
    shown = open_report(build_record()).page.evaluate(f"(amounts) => {{ {script}; return amounts.map(usd); }}", AMOUNTS)
    assert shown == [usd(amount) for amount in AMOUNTS]
