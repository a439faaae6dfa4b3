"""Connects to a port of the machine that answers."""

import socket

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def call():
    line = socket.create_connection(("127.0.0.1", @PORT@), 1)
    line.sendall(b"out")

attempt("tcp", call)


def answer():
    return 41
