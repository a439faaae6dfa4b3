"""What a reader of values notes: each fault at its place, and which mapping was read as which form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from harness.suite.document import Place
    from harness.suite.form import Form


class Fault(Struct, frozen=True):
    """One thing that is wrong with a value."""

    place: Place
    """Where in the document; of a missing key: where it would be."""
    kind: Literal["unknown", "missing", "unlisted", "unwanted", "told"]
    """A key that is unknown or missing, a value that is none of some names or of another kind, or told in full."""
    value: Any = None
    """What stands there."""
    allowed: str = ""
    """What may stand there, in words; of what is told in full: all that is said after the key's name."""
    names: tuple[str, ...] = ()
    """Of an unlisted value: the names."""


class Notes:
    """What is noted while a document is read. Whoever notes a fault goes on with None in place of the value."""

    def __init__(self) -> None:
        """Nothing is noted yet."""
        self.faults: list[Fault] = []
        self.forms: dict[Place, type[Form]] = {}

    def unwanted(self, place: Place, value: Any, allowed: str) -> Any:
        """Note a value of another kind than is allowed; None."""
        self.faults.append(Fault(place, "unwanted", value, allowed))

    def told(self, place: Place, message: str) -> Any:
        """Note a mistake whose message, after the key's name, is already in the user's words; None."""
        self.faults.append(Fault(place, "told", allowed=message))

    def unlisted(self, place: Place, value: Any, names: tuple[str, ...]) -> Any:
        """Note a value that is none of the names; None."""
        self.faults.append(Fault(place, "unlisted", value, names=names))

    def missing(self, place: Place) -> None:
        """Note a required key that is not there."""
        self.faults.append(Fault(place, "missing"))

    def unknown(self, place: Place) -> None:
        """Note a key that the form does not have."""
        self.faults.append(Fault(place, "unknown"))
