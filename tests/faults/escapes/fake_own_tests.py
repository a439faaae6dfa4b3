"""Brings tests of its own, under the names that tests have."""


def answer():
    return 41


def test_answer():
    pass
