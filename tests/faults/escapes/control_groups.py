"""Looks for its control group, raises its limit, leaves it, and makes others."""

import os

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

for path in ("/sys/fs/cgroup", "/proc/self/cgroup", "/proc/self/mountinfo"):
    attempt(path, lambda: os.stat(path))
for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/work"):
    for name in ("memory.limit_in_bytes", "memory.max", "cgroup.procs", "tasks", "release_agent"):
        attempt(folder + "/" + name, lambda: os.truncate(folder + "/" + name, 0))
attempt("new", lambda: os.makedirs("/sys/fs/cgroup/memory/prompt-suite-1-1"))


def answer():
    return 41
