"""Takes memory by objects that hold each other, and tells the collector to leave them alone."""

import gc

gc.disable()
taken = 0
try:
    while taken < 12_000_000:
        one, two = [0] * 8, {}
        one.append(two)
        two[0] = one
        taken += 2
        if taken % 100_000 == 0:
            gc.freeze()
except MemoryError:
    pass
if taken * 100 > 1 << 30:
    print("ESCAPED:", taken)


def answer():
    return 41
