"""Mounts, and changes its root."""

import ctypes
import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

libc = ctypes.CDLL(None, use_errno=True)

def checked(result):
    if result < 0:
        raise OSError
    return result

attempt("proc", lambda: checked(libc.mount(b"proc", b"/work", b"proc", 0, None)))
attempt("tmpfs", lambda: checked(libc.mount(b"none", b"/work", b"tmpfs", 0, None)))
attempt("remount", lambda: checked(libc.mount(b"none", b"/usr", None, 32, None)))
attempt("umount", lambda: checked(libc.umount2(b"/work", 2)))
attempt("chroot", lambda: os.chroot("/work"))
attempt("pivot_root", lambda: checked(libc.syscall(155, b"/work", b"/work")))


def answer():
    return 41
