"""Reads what every process of the machine could read, and what none should."""

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

for path in ("@SECRET@", "/etc/shadow", "/etc/passwd", "/etc/hostname", "/root/.bashrc", "/proc/version", "/sys/kernel"):
    attempt(path, lambda: open(path).read())


def answer():
    return 41
