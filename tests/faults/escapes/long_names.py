"""Makes files with names that tools stumble over, and folders as deep as it can."""

import os

for name in ("a" * 255, "new\nline", "\x1b[31mred", "-rf", "$(touch escaped)", "\udcff"):
    with open(name, "w") as file:
        file.write("x")
for _ in range(500):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)


def answer():
    return 41
