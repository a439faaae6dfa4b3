"""The base of the file forms: what a mapping of a file may hold, said once for reading it and for its JSON Schema."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Struct

NOT_YET = "{key} is not available in this version; leave it out until a later one"
"""What is said of a key of the interface that has no effect yet."""


class Says(Struct, frozen=True):
    """What is said of a key beside its type; its place is in `Annotated`."""

    description: str = ""
    """One sentence, for editors."""
    examples: Sequence[Any] = ()
    """Values of it; messages show the first."""
    at_least: float | None = None
    """Of a number: its lower bound, included."""
    more_than: float | None = None
    """Of a number: its lower bound, not included."""
    less_than: float | None = None
    """Of a number: its upper bound, not included."""
    least: int = 0
    """Of a list or mapping: fewest entries."""
    most: int | None = None
    """Of a mapping: most entries."""
    is_one_enough: bool = False
    """Of a list: whether its only entry may stand without one."""


Text = str
"""A text; numbers are read as they are written."""

Columns = Annotated[list[Text], Says(is_one_enough=True)]
"""One name or a list of names."""

Free = dict[str, Any]
"""A mapping that another room checks."""


class Form(Struct, frozen=True, kw_only=True):
    """One mapping of a file: unknown keys are mistakes, and no value is silently turned into another type.

    A field is a key. Its annotation says what it may hold, and its `Says` describes it; a field without a default is
    required. `kinds.py` knows which annotations there are.
    """

    refused: ClassVar[dict[str, str]] = {}
    """Keys that are known and not allowed, with the whole message."""

    demanded: ClassVar[tuple[str, ...]] = ()
    """Keys with a default whose absence another room tells of; an editor demands them."""

    @classmethod
    def is_meant_by(cls, _mapping: dict[str, Any]) -> bool:
        """Whether a mapping is of this form, where another kind of mapping may stand as well."""
        return True


def later(*keys: str) -> dict[str, str]:
    """Messages for keys that belong to later versions."""
    return {key: NOT_YET.format(key=f"'{key}'") for key in keys}
