"""Leaves processes behind that nobody waits for."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def leave():
    for _ in range(100):
        if os.fork() == 0:
            os._exit(0)

attempt("zombies", leave)


def answer():
    return 41
