"""Begins a reply that is said to be long, and leaves it at that."""

import posix
import sys
import time

def send(descriptor, message):
    posix.write(descriptor, (1 << 24).to_bytes(4, "little") + b"t")
    time.sleep(60)


sys.modules["guest.channel"].send = send


def answer():
    return 41
