"""Returns a number that takes an age to compare or to show."""

def answer():
    return 1 << 10_000_000
