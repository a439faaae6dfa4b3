"""Fills the disk, by one file and by many."""

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def one():
    with open("large", "wb") as file:
        for _ in range(256):
            file.write(bytes(1 << 20))

def many():
    for number in range(256):
        with open(f"file{number}", "wb") as file:
            file.write(bytes(1 << 20))

attempt("one file", one)
attempt("many files", many)


def answer():
    return 41
