"""Becomes another user, and uses programs that do."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

attempt("setuid", lambda: os.setuid(0))
attempt("setresuid", lambda: os.setresuid(0, 0, 0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("su", lambda: os.execv("/usr/bin/su", ["su", "-c", "id"]))
def own():
    open("program", "w").write("x")
    os.chown("program", 0, 0)

attempt("chown", own)
if 0 in (os.getuid(), os.geteuid()):
    print("ESCAPED: runs as root")


def answer():
    return 41
