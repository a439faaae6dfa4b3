"""How surprising a sum of differences is, if each could as well have had the other sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_EXACT = 1000
"""Units that are not 0, up to which p is exact; beyond, the sum is as good as normal: p differs by less than 1 %."""
_MOST_LISTED = 14
"""Units whose patterns of signs are all listed, 2^14 at most, where they have no common step."""
_STEPS = 20_000
"""Steps of the scale on which larger sums are counted."""
_MOST_DENOMINATORS = 100
_MOST_SIZES = 200
"""Different sizes among which a common step is looked for."""
_ROUNDING = 1e-9
_NOTHING = 1e-12
DRAWS = 9999
"""Of the Monte Carlo test, the seen signs being the ten-thousandth pattern."""


class Surprise(Struct, frozen=True):
    """A two-sided p with the way it was found."""

    p_value: float
    """The chance of a sum at least as far from 0; above 0, at most 1."""
    method: str
    """`sign-flip exact`, `sign-flip on a scale`, `sign-flip normal`, or `sign-flip Monte Carlo`."""


def sign_flip(sums: NDArray[np.float64]) -> Surprise:
    """The two-sided sign-flip (permutation) test of independent units' sums; without any change p is 1.

    Exact, by counting all patterns of signs, up to MOST_EXACT units that are not 0: listed where they are few, else by
    convolution over the sizes' common step. Sizes without one are rounded to a 20,000th of their total: p is then the
    exact p of the rounded sizes, which is as valid a test. Beyond, by the normal distribution.

    Source: Fisher 1935, The Design of Experiments, section 21; convolution: Pagano and Tritchler 1983, JASA 78.
    """
    import numpy as np

    sums = _cleaned(sums)
    sizes = np.abs(sums)
    if not sizes.size:
        return Surprise(1.0, "sign-flip exact")
    seen = abs(math.fsum(sums))
    if sizes.size > MOST_EXACT:
        z = seen / math.sqrt(float(sizes @ sizes))
        return Surprise(max(math.erfc(z / math.sqrt(2)), math.ulp(0.0)), "sign-flip normal")
    step = _common_step(sizes)
    if step is None and sizes.size <= _MOST_LISTED:
        return Surprise(_listed(sizes, seen), "sign-flip exact")
    if step is not None:
        return Surprise(_counted(sums, step), "sign-flip exact")
    return Surprise(_counted(sums, float(sizes.sum()) / _STEPS), "sign-flip on a scale")


def sign_flip_drawn(sums: NDArray[np.float64], *, seed: int = 0) -> Surprise:
    """The same test from 9,999 patterns drawn at random: p is (1 + as far) / 10,000, never 0.

    Source: Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9, article 39.
    """
    import numpy as np

    sums = _cleaned(sums)
    sizes = np.sort(np.abs(sums))
    seen = abs(math.fsum(sums)) - _ROUNDING * float(sizes.sum())
    random = np.random.default_rng(seed)
    as_far = 0
    for start in range(0, DRAWS, 1000):
        signs = random.integers(0, 2, (min(1000, DRAWS - start), sizes.size), dtype=np.int8)
        as_far += int((np.abs((2.0 * signs - 1) @ sizes) >= seen).sum())
    return Surprise((1 + as_far) / (1 + DRAWS), "sign-flip Monte Carlo")


def _cleaned(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums that are not 0, nor a rounding error such as 0.1 + 0.2 - 0.3."""
    import numpy as np

    sizes = np.abs(sums)
    kept: NDArray[np.float64] = sums[sizes > _NOTHING * sizes.max(initial=0.0)]
    return kept


def _common_step(sizes: NDArray[np.float64]) -> float | None:
    """The step of which all sizes are multiples, such as 1/3 for three repeats; None without a coarse enough one."""
    import numpy as np

    different = np.unique(sizes)
    if different.size > _MOST_SIZES:
        return None
    denominators = np.arange(1, _MOST_DENOMINATORS + 1)
    places = np.multiply.outer(denominators, different / different[0])
    is_common = np.abs(places - np.rint(places)).max(axis=1) < _ROUNDING * places[:, -1]
    if not is_common.any():
        return None
    step = float(different[0]) / float(denominators[is_common.argmax()])
    return step if sizes.sum() / step <= _STEPS else None


def _listed(sizes: NDArray[np.float64], seen: float) -> float:
    """The share of all patterns of signs whose sum is as far from 0; the first sign stays, which halves the work."""
    import numpy as np

    reached = sizes[:1]
    for size in sizes[1:]:
        reached = np.concatenate([reached + size, reached - size])
    return float((np.abs(reached) >= seen - _ROUNDING * float(sizes.sum())).mean())


def _counted(sums: NDArray[np.float64], step: float) -> float:
    """The share of patterns by convolution: patterns[k] counts those of which k steps go up.

    Counts are floats, of which 2^MOST_EXACT is still one.
    """
    import numpy as np

    signed = np.rint(sums / step).astype(np.int64)
    places = np.sort(np.abs(signed[signed != 0]))
    total, seen = int(places.sum()), abs(int(signed.sum()))
    if not seen:
        return 1.0
    patterns = np.zeros(total + 1)
    patterns[0], reached = 1.0, 0
    for place in places:
        patterns[place : reached + place + 1] += patterns[: reached + 1].copy()
        reached += int(place)
    return min(1.0, float(np.ldexp(patterns[(total + seen) // 2 :], 1 - len(places)).sum()))
