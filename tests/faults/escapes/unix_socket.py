"""Connects to sockets of the machine, by path and by abstract name."""

import socket

def attempt(what, action):
    try:
        print("ESCAPED:", what, action())
    except BaseException as error:
        print("held:", what, type(error).__name__)

def call(address):
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.connect(address)

for address in ("@FOLDER@/socket", "\0@ABSTRACT@", "/var/run/docker.sock", "/run/dbus/system_bus_socket"):
    attempt(address, lambda: call(address))


def answer():
    return 41
