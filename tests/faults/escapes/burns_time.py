"""Computes without end, where nothing interrupts it."""

print(len(str(9 ** 9 ** 8)))


def answer():
    return 41
