"""Looks for tests and secrets in frames, objects, arguments and files, and prints what it finds."""

import gc
import os
import sys

found = []
frame = sys._getframe()
while frame is not None:
    found += [value for value in frame.f_locals.values() if isinstance(value, str)]
    frame = frame.f_back
found += [item for item in gc.get_objects() if isinstance(item, str)]
found += [str(item) for item in gc.get_objects() if isinstance(item, (dict, list, tuple)) and len(str(item)) < 10_000]
found += sys.argv + list(os.environ.values()) + os.listdir(".") + os.listdir("/guest")
for descriptor in range(3, 64):
    try:
        os.set_blocking(descriptor, False)
        found.append(os.read(descriptor, 1 << 16).decode("latin-1"))
    except OSError:
        pass
if any("@TEST_SECRET@"[::-1] in text[::-1] for text in found if text and "found +=" not in text):
    print("ESCAPED: it knows the tests")


def answer():
    return 41
