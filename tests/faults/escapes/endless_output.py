"""Prints without end."""

while True:
    print("x" * 1000)


def answer():
    return 41
