"""Asks for the address of a name."""

import socket

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

attempt("dns", lambda: socket.getaddrinfo("example.org", 80))


def answer():
    return 41
