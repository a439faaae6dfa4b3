"""Writes to the descriptors themselves, without end."""

import os

while True:
    for descriptor in (1, 2):
        os.write(descriptor, b"x" * 4096)


def answer():
    return 41
