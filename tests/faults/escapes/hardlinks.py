"""Makes hard links to files that are not its own."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

for path in ("@SECRET@", "/guest/guest/main.py", "/usr/bin/python3"):
    attempt(path, lambda: os.link(path, "link"))


def answer():
    return 41
