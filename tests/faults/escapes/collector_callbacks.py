"""Lets the collector run with every object, and has it call what ends, raises, speaks and waits."""

import gc
import sys
import time

gc.set_threshold(1, 1, 1)


class Leaves:
    def __init__(self):
        self.itself = self

    def __del__(self):
        Leaves()
        sys.modules["guest.wire"].LONGEST = 1 << 40


def called(phase, info):
    gc.callbacks.append(called)
    Leaves()
    if len(gc.callbacks) > 500:
        time.sleep(60)


gc.callbacks.append(called)
Leaves()


def answer():
    return 41
