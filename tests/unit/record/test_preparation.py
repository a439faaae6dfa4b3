"""What is prepared for the record, and when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.record import Preparation, preparation
from harness.schema import Progress

if TYPE_CHECKING:
    from pathlib import Path

IDLE = Progress(total=8, done=0, errors=0, from_cache=0, retries=0, in_flight=0, spent_usd=0.0, elapsed_s=0.0)


MODULES = ("one.of.those", "another")


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(preparation, "import_module", names.append)
    return names


def wait_for(imported: list[str], seconds: float) -> None:
    end = time.monotonic() + seconds
    while len(imported) < len(MODULES) and time.monotonic() < end:
        time.sleep(0.005)


@pytest.mark.parametrize("begun", [replace(IDLE, calls=1), replace(IDLE, done=1)])
def test_imports_wait_for_the_first_call_or_answer(tmp_path: Path, imported: list[str], begun: Progress) -> None:
    seen = [IDLE]
    Preparation(tmp_path, lambda: seen[-1], modules=MODULES)
    wait_for(imported, 0.3)
    assert imported == []
    seen.append(begun)
    wait_for(imported, 10)
    assert imported == list(MODULES)


def test_who_asks_for_what_is_prepared_does_not_wait_for_a_call(tmp_path: Path, imported: list[str]) -> None:
    began = time.monotonic()
    assert "pytest" in Preparation(tmp_path, lambda: IDLE, modules=MODULES).versions
    assert time.monotonic() - began < 1.5
    assert imported == list(MODULES)


def test_imports_begin_in_the_end_where_nothing_is_called(
    tmp_path: Path, imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "_LOOKS", 2)
    Preparation(tmp_path, lambda: IDLE, modules=MODULES)
    wait_for(imported, 10)
    assert imported == list(MODULES)
