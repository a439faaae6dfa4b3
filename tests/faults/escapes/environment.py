"""Reads the environment, its own and that of the first process."""

import ctypes
import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def names():
    found = [name for name in os.environ]
    if not found:
        raise LookupError
    return found

def from_libc(name):
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    value = getenv(name)
    if value is None:
        raise LookupError
    return value

attempt("environment", names)
attempt("libc", lambda: from_libc(b"@VARIABLE@"))
attempt("path", lambda: from_libc(b"PATH"))
attempt("of process 1", lambda: open("/proc/1/environ", "rb").read())


def answer():
    return 41
