"""Takes memory that is no address space of its own: unnamed files, shared segments, maps."""

import ctypes
import mmap
import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def fill():
    kept = []
    for _ in range(40):
        file = os.memfd_create("x")
        for _ in range(64):
            os.write(file, bytes(1 << 20))
        kept.append(file)

def segments():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.shmget(0, 512 << 20, 0o1600) < 0:
        raise OSError(ctypes.get_errno())

attempt("memfd", fill)
attempt("shm", segments)
attempt("mmap", lambda: mmap.mmap(-1, 2 << 30))
attempt("/dev/shm", lambda: open("/dev/shm/x", "w").write("x"))


def answer():
    return 41
