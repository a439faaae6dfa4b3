"""Starts other programs, in every way there is."""

import os
import subprocess

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

attempt("system", lambda: 1 / (os.system("true") == 0))
attempt("subprocess", lambda: subprocess.run(["/bin/true"]))
attempt("posix_spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("exec", lambda: os.execv("/usr/bin/env", ["env"]))
attempt("vfork", lambda: __import__("ctypes").CDLL(None).vfork() and 1 / 0)


def answer():
    return 41
