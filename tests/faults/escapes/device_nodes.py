"""Makes devices, and reads those of the machine."""

import os
import stat

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

attempt("mknod", lambda: os.mknod("disk", stat.S_IFBLK | 0o666, os.makedev(254, 0)))
for path in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/tty", "/dev/ptmx", "/dev/kvm", "/dev/fuse"):
    attempt(path, lambda: os.open(path, os.O_RDWR))


def answer():
    return 41
