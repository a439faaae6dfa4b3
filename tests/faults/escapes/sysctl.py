"""Changes settings of the kernel."""

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/power/state"):
    attempt(path, lambda: open(path, "w").write("x"))
attempt("hostname", lambda: __import__("socket").sethostname("escaped"))


def answer():
    return 41
