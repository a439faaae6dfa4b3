"""Leaves a process behind that outlives it."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def leave():
    if os.fork() == 0:
        os.setsid()
        os.execv("/bin/sleep", ["sleep", "@MARKER@"])

attempt("daemon", leave)


def answer():
    return 41
