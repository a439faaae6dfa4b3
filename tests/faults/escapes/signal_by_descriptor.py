"""Lets the kernel send signals to the process of the checks: as owner of a pipe and of a lease."""

import ctypes
import fcntl
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
reading, writing = os.pipe()


def owned_by(target, number):
    try:
        fcntl.fcntl(reading, fcntl.F_SETOWN, target)
        fcntl.fcntl(reading, 10, int(number))
        fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        os.write(writing, b"x")
        os.read(reading, 1)
    except OSError:
        pass


for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGXCPU, signal.SIGRTMIN + 3, 0):
    owned_by(1, number)
with open("leased", "w") as file:
    try:
        fcntl.fcntl(file, fcntl.F_SETOWN, 1)
        fcntl.fcntl(file, 10, int(signal.SIGKILL))
        fcntl.fcntl(file, 1024, fcntl.F_WRLCK)
        os.open("leased", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        pass
libc.syscall(234, 1, 1, int(signal.SIGKILL))
libc.syscall(129, 1, int(signal.SIGKILL), ctypes.create_string_buffer(128))
for which in (0, 1, 2):
    libc.setpriority(which, 1, 19)
libc.sched_setaffinity(1, 8, ctypes.create_string_buffer(b"\2" + bytes(7), 8))
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
    owned_by(-1, number)


def answer():
    return 41
