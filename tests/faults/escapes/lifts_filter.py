"""Takes back what its runner asked of the kernel: the filter, the privileges, the dumps."""

import ctypes
import os
import struct

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(struct.pack("H6xQ", 1, ctypes.addressof(allow)))
libc.prctl(22, 2, program, 0, 0)
for flags in (0, 1, 2, 4, 8):
    libc.syscall(317, 1, flags, program)
libc.prctl(22, 0, 0, 0, 0)
for option, value in ((38, 0), (4, 1), (0x59616D61, -1), (28, 0), (24, 0), (36, 1), (8, 1), (47, 2), (23, 0)):
    libc.prctl(option, value, 0, 0, 0)
libc.setresuid(0, 0, 0)
libc.setgroups(0, None)
libc.capset(ctypes.create_string_buffer(struct.pack("II", 0x20080522, 0)), ctypes.create_string_buffer(b"\xff" * 24, 24))

def root():
    if os.getuid() != 0:
        raise LookupError

def privileges():
    if libc.prctl(39, 0, 0, 0, 0) != 0:
        raise LookupError

attempt("no filter", lambda: 1 / int(libc.prctl(21, 0, 0, 0, 0) == 0))
attempt("privileges", privileges)
attempt("root", root)
attempt("fork", os.fork)
attempt("vfork by number", lambda: 1 / (libc.syscall(58) >= 0))
attempt("start", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("limits of the first", lambda: 1 / (libc.syscall(302, 1, 7, None, None) >= 0))


def answer():
    return 41
