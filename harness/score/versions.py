"""Versions of the libraries behind the numbers, for signatures, without importing them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def library_version(distribution: str) -> str:
    """`sacrebleu-2.6.0`; `sacrebleu-missing` when it is not installed."""
    try:
        return f"{distribution}-{version(distribution)}"
    except PackageNotFoundError:
        return f"{distribution}-missing"
