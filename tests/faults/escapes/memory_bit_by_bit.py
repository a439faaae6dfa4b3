"""Takes memory in small pieces, and holds it."""

blocks = []
taken = 0
try:
    while taken < 4 << 30:
        blocks.append(bytearray(1 << 20))
        taken += 1 << 20
except MemoryError:
    pass
if taken > 512 << 20:
    print("ESCAPED:", taken)


def answer():
    return 41
