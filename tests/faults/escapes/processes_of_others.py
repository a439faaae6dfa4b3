"""Looks at other processes through /proc."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

attempt("list", lambda: [name for name in os.listdir("/proc") if name.isdigit()])
attempt("command line", lambda: open("/proc/1/cmdline").read())
attempt("descriptors", lambda: os.listdir("/proc/1/fd"))
attempt("memory", lambda: os.open("/proc/1/mem", os.O_RDWR))
attempt("harness", lambda: os.kill(@PID@, 0))


def answer():
    return 41
