"""Takes 4 GB of memory."""

block = bytearray(4 << 30)
print("ESCAPED:", len(block))


def answer():
    return 41
