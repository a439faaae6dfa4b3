"""Values as they are compared: with the digits that a committed baseline has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DIGITS = 6
_MOST_DECIMALS = 22
"""Powers of ten up to this one are exact as doubles: a rounded value is then the double that its digits name."""
_SECONDS_DECIMALS = 3
_FRACTIONS = 2.0**43
"""Below it a double has room for milliseconds."""


def rounded(values: NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    """The values with 6 significant digits, whole numbers as they are; seconds to the millisecond; NaN stays.

    Rounding twice is rounding once, so that a run beside its own baseline shows no difference.
    """
    import numpy as np

    size = np.abs(values)
    if unit == "s":
        decimals = np.where(size < _FRACTIONS, _SECONDS_DECIMALS, 0)
    else:
        known = np.isfinite(size) & (size > 0)
        exponents = np.floor(np.log10(size, where=known, out=np.zeros_like(size))).astype(np.int64)
        decimals = np.clip(_DIGITS - 1 - exponents, 0, _MOST_DECIMALS)
    scales = np.array([float(f"1e{n}") for n in range(_MOST_DECIMALS + 1)])[decimals]
    result: NDArray[np.float64] = np.rint(values * scales) / scales + 0.0  # + 0: no -0
    return result


def rounded_value(value: float, unit: str) -> float:
    """The same of one value."""
    import numpy as np

    return float(rounded(np.array([value]), unit)[0])
