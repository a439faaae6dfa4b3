"""Sends to the outside without a connection."""

import socket

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def send():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"out", ("127.0.0.1", @PORT@))

attempt("udp", send)


def answer():
    return 41
