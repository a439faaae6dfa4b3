"""Tables that fit their terminal."""

from __future__ import annotations

import pytest
from rich.text import Text

from harness.report.tables import Column, fitted_table, printed

COLUMNS = (
    Column("gate", folds=True),
    Column("value", is_right=True),
    Column("interval", is_right=True, leaves=1),
    Column("n", is_right=True),
)
ROW = ("exact_match.mean >= 0.60", "0.6123", "0.512 to 0.713", "1200")


def lines(width: int, *rows: tuple[str, ...]) -> list[str]:
    made = [list(map(Text, row)) for row in rows or (ROW,)]
    return printed([fitted_table(COLUMNS, made, width)], width=width, color=False).splitlines()


def test_table_with_room_has_all_columns() -> None:
    shown = lines(57)
    assert shown[0] == "gate                        value         interval      n"
    assert shown[2] == "exact_match.mean >= 0.60   0.6123   0.512 to 0.713   1200"


def test_blanks_give_way_before_a_column_does() -> None:
    assert lines(56)[2] == "exact_match.mean >= 0.60  0.6123  0.512 to 0.713  1200"


def test_column_is_left_out_before_a_text_is_folded() -> None:
    assert lines(53)[2] == "exact_match.mean >= 0.60   0.6123   1200"


def test_text_is_folded_and_numbers_are_whole() -> None:
    assert lines(32)[2:] == ["exact_match.mean    0.6123  1200", ">= 0.60"]


@pytest.mark.parametrize("width", range(32, 80))
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    assert max(map(len, lines(width))) <= width


def test_what_cannot_be_made_smaller_is_shown_whole() -> None:
    shown = lines(10)
    assert shown[2].endswith("0.6123  1200")


def test_table_without_rows_has_its_headings() -> None:
    made = printed([fitted_table(COLUMNS, [], 80)], width=80, color=False)
    assert made.splitlines()[0] == "gate   value   interval   n"
