"""Reads the environment below os: what posix has of it, what libc points to, what a fresh os makes of it."""

import posix
import sys

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def names(found):
    if not found:
        raise LookupError
    return found

def of_a_fresh_os():
    for name in ("os", "posix"):
        sys.modules.pop(name, None)
    import os

    return names(dict(os.environ))

def of_libc():
    import ctypes

    place, number = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ"), 0
    found = []
    while place and place[number] is not None:
        found.append(place[number])
        number += 1
    return names(found)

attempt("posix", lambda: names(dict(posix.environ)))
attempt("a fresh os", of_a_fresh_os)
attempt("libc", of_libc)


def answer():
    return 41
