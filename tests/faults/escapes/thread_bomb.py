"""Starts threads without end."""

import threading
import time

started = 0


def wait():
    time.sleep(30)


try:
    for _ in range(5000):
        threading.Thread(target=wait, daemon=True).start()
        started += 1
except RuntimeError:
    pass
if started > 64:
    print("ESCAPED:", started, "threads")


def answer():
    return 41
