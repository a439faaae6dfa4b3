"""Returns values that break whoever reads them."""

def answer():
    value = []
    for _ in range(100_000):
        value = [value]
    return value
