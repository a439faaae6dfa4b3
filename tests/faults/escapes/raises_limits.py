"""Raises its own limits, and lowers those of the process of the checks."""

import resource

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

for which in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
    attempt(str(which), lambda: resource.setrlimit(which, (1 << 40, 1 << 40)))
attempt("of another", lambda: resource.prlimit(1, resource.RLIMIT_CPU, (1, 1)))


def answer():
    return 41
