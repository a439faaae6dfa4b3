"""Puts something else where random numbers come from, and meddles with the kernel's own."""

import fcntl
import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def told(request):
    with open("/dev/urandom", "rb") as file:
        fcntl.ioctl(file, request, b"\0\0\0\1" + bytes(60))

for path in ("/dev/random", "/dev/urandom", "/dev/null", "/dev/zero"):
    attempt("remove " + path, lambda: os.unlink(path))
    attempt("rename " + path, lambda: os.rename(path, path + "-"))
    attempt("link over " + path, lambda: os.symlink("/work/mine", path + "2"))
    attempt("mode of " + path, lambda: os.chmod(path, 0o777))
    attempt("owner of " + path, lambda: os.chown(path, 1, 1))
    attempt("time of " + path, lambda: os.utime(path, (1, 1)))
    attempt("cut " + path, lambda: os.truncate(path, 0))
attempt("new in /dev", lambda: open("/dev/mine", "w"))
for request in (0x5201, 0x5202, 0x40085203, 0x5204, 0x5206, 0x5207):
    attempt(hex(request), lambda: told(request))
try:
    if len(set(open("/dev/random", "rb", 0).read(1 << 12))) < 200:
        print("ESCAPED: it is not random")
except OSError:
    pass


def answer():
    return 41
