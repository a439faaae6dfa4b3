"""Ends by sys.exit(0) before any test."""

import sys

sys.exit(0)
