"""Looks for a home folder."""

import os
from pathlib import Path

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

attempt("home", lambda: os.listdir(Path.home()))
attempt("homes", lambda: os.listdir("/home"))
attempt("root", lambda: os.listdir("/root"))
attempt("~", lambda: os.listdir(os.path.expanduser("~")))


def answer():
    return 41
