"""Starts processes without end."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def bomb():
    for _ in range(10_000):
        os.fork()

attempt("fork", bomb)


def answer():
    return 41
