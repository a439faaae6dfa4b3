from __future__ import annotations

import pytest

from harness.wording import counted, described_error, did_you_mean, escaped, listed, nearest, one_line, plural, usd


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 日本語 👩", "naïve 日本語 👩"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("zero\u200bwidth\U000e0041", "zero\\u200bwidth\\U000e0041"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_characters_to_keep_stay() -> None:
    assert escaped("a\nb\x07", keep="\n") == "a\nb\\x07"


@pytest.mark.parametrize(
    ("text", "longest", "shown"),
    [
        ("two\n  lines\t", 20, "two lines"),
        ("x" * 10, 10, "x" * 10),
        ("x" * 11, 10, "x" * 9 + "…"),
        ("\x1b" * 10, 10, "\\x1b\\x1b\\…"),
        (" \n ", 10, ""),
    ],
)
def test_one_line_is_one_line_of_at_most_so_many_characters(text: str, longest: int, shown: str) -> None:
    assert one_line(text, longest=longest) == shown


def test_secret_never_shows() -> None:
    assert one_line("Bearer sk-1 and sk-1", secret="sk-1") == "Bearer *** and ***"  # noqa: S106 - no real secret


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ValueError(), "ValueError"),
        (ValueError("\x1b[2J"), "ValueError: \\x1b[2J"),
        (SyntaxError("never closed", ("app.py", 3, 1, "(")), "SyntaxError: line 3: never closed"),
        (SystemExit(3), "SystemExit: 3"),
        (RuntimeError("x" * 500), f"RuntimeError: {'x' * 285}…"),
    ],
)
def test_error_is_its_type_and_text_on_one_line(error: BaseException, text: str) -> None:
    assert described_error(error) == text


def test_long_lists_are_cut_and_counted() -> None:
    assert listed([]) == "none"
    assert listed(map(str, range(24))) == ", ".join(map(str, range(24)))
    assert listed(map(str, range(26))) == ", ".join(map(str, range(24))) + ", … (2 more)"


@pytest.mark.parametrize(
    ("word", "near"), [("rogue", "rouge"), ("BLEU", "bleu"), ("xyz", None), ("", None), ("r" * 100_000, None)]
)
def test_nearest_name_is_found_whatever_its_case(word: str, near: str | None) -> None:
    assert nearest(word, ["bleu", "rouge"]) == near
    assert did_you_mean(word, ["bleu", "rouge"]) == (f" Did you mean '{near}'?" if near else "")


def test_nothing_is_near_when_there_are_no_names() -> None:
    assert did_you_mean("x", []) == ""


def test_counts_agree_with_their_nouns() -> None:
    assert [counted(number, "trial") for number in (0, 1, 1200)] == ["0 trials", "1 trial", "1,200 trials"]
    assert (plural("error", 1), plural("error", 2)) == ("error", "errors")


class Mute(Exception):  # noqa: N818 - what it is called is of no matter here
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_error_that_cannot_tell_itself_is_told_by_its_type() -> None:
    assert described_error(Mute()) == "Mute: (its text cannot be made)"


def test_error_is_told_with_the_line_that_raised_it() -> None:
    with pytest.raises(ValueError, match="two") as caught:
        raise ValueError("two\nlines")
    line = caught.traceback[-1].lineno + 1
    assert described_error(caught.value, placed=True) == f"ValueError: two lines ({__file__}:{line})"
    assert described_error(ValueError("never raised"), placed=True) == "ValueError: never raised"


AMOUNTS = [
    (None, "unknown"),
    (0, "$0"),
    (1234.5, "$1,234.50"),
    (1_234_567.891, "$1,234,567.89"),
    (1, "$1.00"),
    (0.9996, "$1.00"),
    (0.997, "$0.997"),
    (0.5, "$0.50"),
    (0.0124, "$0.0124"),
    (0.01, "$0.01"),
    (0.000012, "$0.000012"),
    (0.00000312, "$0.00000312"),
    (1e-12, "$0.000000000001"),
    (-0.5, "-$0.50"),
    (float("nan"), "unknown"),
]


@pytest.mark.parametrize(("amount", "shown"), AMOUNTS)
def test_amount_has_cents_and_below_a_dollar_three_digits_that_count(amount: float | None, shown: str) -> None:
    assert usd(amount) == shown
