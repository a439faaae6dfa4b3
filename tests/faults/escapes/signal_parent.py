"""Sends signals to whoever started it, and to all."""

import os
import signal

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

for target in (@PID@, -@PID@):
    attempt(str(target), lambda: os.kill(target, signal.SIGKILL))
os.kill(os.getppid(), signal.SIGKILL)
os.kill(os.getppid(), signal.SIGSTOP)
os.kill(os.getppid(), signal.SIGINT)


def answer():
    return 41
