"""Opens files without end."""

import os

kept = []
try:
    while len(kept) < 100_000:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
if len(kept) > 1024:
    print("ESCAPED:", len(kept))


def answer():
    return 41
