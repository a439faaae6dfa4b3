"""`one_line` of harness.wording, under the name by which registry.py and llamacpp_launch.py import it."""

from harness.wording import one_line

__all__ = ["one_line"]
