"""Writes outside of its folder."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def write(folder):
    with open(folder + "/escaped", "w") as file:
        file.write("x")

for folder in ("@FOLDER@", "/", "/usr", "/usr/lib", "/guest", "/guest/guest", "/dev", "/etc", "/var/tmp", "/python", "/home"):
    attempt(folder, lambda: write(folder))
attempt("host folder by the way up", lambda: write("/work/../../..@FOLDER@"))


def answer():
    return 41
