"""What messages are made of: the text of others made harmless, names that are allowed, what was meant, amounts."""

from __future__ import annotations

import math
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PLAIN = str.maketrans(dict(zip("─━╸●├┤·↑↓✓✗…\u2013", "-==o||.^v+x~-", strict=True)))
"""What tables and bars are drawn of, for a terminal that knows ASCII only."""
_LONGEST = 300
"""Characters of another's text that a message shows: enough for every error text of OpenAI's reference."""
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
"""Folders of installed packages."""
_MOST_NAMES = 24
"""Names listed in one message; the rest is counted."""
_LONGEST_WORD = 200
"""Characters of a name that are compared: the comparison takes the square of their number."""


def escaped(text: str, *, keep: str = "") -> str:
    r"""The text with control, direction and surrogate characters as visible escapes, those in `keep` as they are.

    >>> escaped("a\x1b[31m\nb", keep="\n")
    'a\\x1b[31m\nb'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode("ascii") for char in text
    )


def encodable(text: str, encoding: str | None) -> str:
    r"""The text as a stream of this encoding (None: UTF-8) can write it, drawn plainly where it knows no others.

    >>> encodable("✓ ├─●┤", "ascii")
    '+ |-o|'
    """
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def one_line(text: str, *, secret: str | None = None, longest: int = _LONGEST) -> str:
    r"""`text` on one line: white space runs become one space, other unprintable characters are escaped, the end is cut.

    `secret` never appears in it.

    >>> one_line("bad\n  key\x1b[31m sk-1", secret="sk-1")
    'bad key\\x1b[31m ***'
    """
    if secret:
        text = text.replace(secret, "***")
    text = escaped(" ".join(text[: longest * 8].split())[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def described_error(error: BaseException, *, placed: bool = False) -> str:
    """An exception's type and text on one line, with the line of a mistake in syntax; `placed`: and where it arose.

    >>> described_error(KeyError("city"))
    "KeyError: 'city'"
    """
    try:
        text = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - another's exception may fail to tell itself
        text = "(its text cannot be made)"
    frames = traceback.extract_tb(error.__traceback__) if placed else []
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return one_line(f"{type(error).__name__}: {text}".removesuffix(": ")) + place


def described_own_error(error: BaseException, *, placed: bool = False) -> str:
    """The same of an error in the user's own code: with the last line of theirs that it came through.

    Without one, as where a library's function was named, the line in which it arose if it is to be `placed`. Nothing
    of the code's variables is told.
    """
    frames = [one for one in traceback.extract_tb(error.__traceback__) if _is_own(one.filename)]
    if not frames:
        return described_error(error, placed=placed)
    return f"{described_error(error)} ({escaped(_from_here(frames[-1].filename))}:{frames[-1].lineno})"


def _is_own(file: str) -> bool:
    """Whether the file is neither Python's, nor an installed package's, nor ours."""
    import sysconfig  # only where somebody's code failed

    path = Path(file)
    theirs = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(__file__).parent))
    is_library = not _LIBRARIES.isdisjoint(path.parts) or any(path.is_relative_to(folder) for folder in theirs)
    return not is_library and not file.startswith("<")


def _from_here(file: str) -> str:
    """The path as it would be typed from the working folder."""
    path = Path(file)
    try:
        here = Path.cwd()
    except OSError:  # it was deleted meanwhile
        return file
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def listed(names: Iterable[str]) -> str:
    """The names, separated by commas; `none` when there are none.

    >>> listed(["b", "a"])
    'b, a'
    """
    every = list(names)
    shown = ", ".join(every[:_MOST_NAMES])
    more = len(every) - _MOST_NAMES
    return (f"{shown}, … ({more} more)" if more > 0 else shown) or "none"


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A sentence that names the nearest of the names, with a leading space; empty when none is near.

    >>> did_you_mean("rogue", ["bleu", "rouge"])
    " Did you mean 'rouge'?"
    >>> did_you_mean("xyz", ["bleu", "rouge"])
    ''
    """
    near = nearest(word, names)
    return f" Did you mean '{near}'?" if near is not None else ""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that is most like the word, case apart, or None when none is like it."""
    import difflib  # only where a name is unknown: 2 ms of every start

    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold()[:_LONGEST_WORD], by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def counted(number: int, noun: str) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{number:,} {plural(noun, number)}"


def usd(amount: float | None) -> str:
    """An amount as people read it, the same wherever one is shown; None is `unknown`, never 0.

    From a dollar on it has cents; below, three digits that count, and at least the cents.

    >>> [usd(1234.5), usd(0.997), usd(0.5), usd(0.000012), usd(0), usd(None)]
    ['$1,234.50', '$0.997', '$0.50', '$0.000012', '$0', 'unknown']
    """
    if amount is None or not math.isfinite(amount):
        return "unknown"
    if amount == 0:
        return "$0"
    sign, size = "-" * (amount < 0), abs(amount)
    if size >= 1:
        return f"{sign}${size:,.2f}"
    shown = f"{size:.{2 - math.floor(math.log10(size))}f}"
    whole, _, decimals = shown.partition(".")
    return f"{sign}${whole}.{decimals.rstrip('0').ljust(2, '0')}"


def level_text(confidence: float) -> str:
    """An interval's level as people read it.

    >>> level_text(0.95), level_text(1 - 0.1), level_text(1 - 0.005)
    ('95 %', '90 %', '99.5 %')
    """
    return f"{100 * confidence:.6g} %"


def change_text(difference: float, write: Callable[[float], str]) -> str:
    """A difference without its sign, its direction in a word; `write` writes a size. What rounds to nothing has none.

    >>> change_text(-0.4, "{:.3f}".format), change_text(0.02, "{:.3f}".format), change_text(0.0, "{:.3f}".format)
    ('0.400 lower', '0.020 higher', '0.000')
    """
    text = write(abs(difference))
    if not any(digit in text for digit in "123456789"):
        return text
    return f"{text} {'lower' if difference < 0 else 'higher'}"


def change_range(low: float, high: float, write: Callable[[float], str]) -> str:
    """The interval of a difference, in the same way.

    >>> change_range(-0.21, -0.04, "{:.2f}".format), change_range(0.11, 0.31, "{:.2f}".format)
    ('0.04 to 0.21 lower', '0.11 to 0.31 higher')
    >>> change_range(-0.14, 0.04, "{:.2f}".format), change_range(-0.2, 0.2, "{:.2f}".format)
    ('0.14 lower to 0.04 higher', '0.20 either way')
    """
    if low < 0 < high and write(-low) == write(high):
        return f"{write(high)} either way"
    if high <= 0:
        return f"{write(-high or 0.0)} to {change_text(low, write)}"
    start = write(low) if low >= 0 else change_text(low, write)
    return f"{start} to {change_text(high, write)}"


def not_run_text(trials: str, stopped_after: int | None, *, is_clear: bool) -> str:
    """Why trials are not among the pairs that were not run; `stopped_after` is None where no look stopped them.

    >>> not_run_text("38 trials", 20, is_clear=True)
    '38 trials not run: the verdict was clear after 20 pairs'
    >>> not_run_text("38", 20, is_clear=False), not_run_text("38", None, is_clear=True)
    ('38 not run: after 20 pairs it was not going to be clear', '38 not run')
    """
    if stopped_after is None:
        return f"{trials} not run"
    after = f"after {counted(stopped_after, 'pair')}"
    why = f"the verdict was clear {after}" if is_clear else f"{after} it was not going to be clear"
    return f"{trials} not run: {why}"


def plural(noun: str, number: int) -> str:
    """`error` for one, else `errors`."""
    return noun if number == 1 else f"{noun}s"


def more_samples(n: int | None, *, margin: float, is_least: bool = False) -> str:
    """What would settle a comparison that is inconclusive: about so many more samples, `None` hardly any.

    >>> more_samples(1240, margin=0.02)
    'about 1,240 more samples would tell'
    >>> more_samples(None, margin=0.02)
    'more samples will hardly settle it: the difference lies at the margin'
    >>> more_samples(None, margin=0.0)
    'more samples will hardly settle it: the difference is next to nothing'
    >>> more_samples(3, margin=0.0, is_least=True)
    'it takes at least 3 more samples'
    """
    if n is None:
        lies = "lies at the margin" if margin else "is next to nothing"
        return f"more samples will hardly settle it: the difference {lies}"
    more = f"{n:,} more {plural('sample', n)}"
    return f"it takes at least {more}" if is_least else f"about {more} would tell"
