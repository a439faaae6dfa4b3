"""Messages through descriptors, whole."""

from __future__ import annotations

import _struct as struct
import posix  # importing os takes as long as all that a small program does: it makes the collections' abstract classes

from .wire import LONGEST, MessageError


def send(descriptor: int, message: bytes) -> None:
    """Write all of it; OSError when nobody reads."""
    rest = memoryview(message)
    while rest:
        rest = rest[posix.write(descriptor, rest) :]


def receive(descriptor: int) -> bytes | None:
    """The next message without its length; None when there is no more. MessageError for one that is too long."""
    head = _exactly(descriptor, 4)
    if head is None:
        return None
    (size,) = struct.unpack("<I", head)
    if size > LONGEST:
        raise MessageError(f"a message of {size:,} bytes")
    return _exactly(descriptor, size)


def _exactly(descriptor: int, size: int) -> bytes | None:
    parts = []
    while size:
        part = posix.read(descriptor, min(size, 1 << 16))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
