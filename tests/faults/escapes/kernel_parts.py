"""Uses parts of the kernel that programs rarely need."""

import ctypes

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

libc = ctypes.CDLL(None, use_errno=True)
for name, number in (("bpf", 321), ("perf_event_open", 298), ("io_uring_setup", 425), ("userfaultfd", 323), ("keyctl", 250)):
    def call():
        if libc.syscall(number, 0, ctypes.create_string_buffer(128), 128, 0, 0) < 0:
            raise OSError

    attempt(name, call)


def answer():
    return 41
