"""Traces the process of the checks."""

import ctypes
import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def trace(pid):
    if ctypes.CDLL(None).ptrace(16, pid, None, None) < 0:
        raise OSError

attempt("attach to 1", lambda: trace(1))
attempt("attach to parent", lambda: trace(os.getppid()))
attempt("attach to the harness", lambda: trace(@PID@))


def answer():
    return 41
