"""Runs untrusted code; the only room that starts processes for it, and the only one that needs POSIX."""

from harness.sandbox.docker import IMAGE
from harness.sandbox.job import Kind, Limits, Outcome, Program
from harness.sandbox.order import INSTALL, ORDER, choose
from harness.sandbox.pool import Sandbox, run_all
from harness.sandbox.style import style_flaws, unknown_rule

__all__ = [
    "IMAGE",
    "INSTALL",
    "ORDER",
    "Kind",
    "Limits",
    "Outcome",
    "Program",
    "Sandbox",
    "choose",
    "run_all",
    "style_flaws",
    "unknown_rule",
]
