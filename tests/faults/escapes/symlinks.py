"""Follows links of its own making out of its folder."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def through(target):
    link = "link" + str(abs(hash(target)))
    os.symlink(target, link)
    return open(link).read()

def write_through(target):
    os.symlink(target, "out")
    with open("out", "w") as file:
        file.write("x")

attempt("secret", lambda: through("@SECRET@"))
attempt("shadow", lambda: through("../../../../etc/shadow"))
attempt("write", lambda: write_through("@FOLDER@/escaped"))


def answer():
    return 41
