"""Plugins of pytest that are installed to be tested beside suites, and blocked wherever they are not under test."""

from __future__ import annotations

OTHER_PLUGINS = ("asyncio", "randomly", "rerunfailures", "timeout")


def blocking(*, but: str = "") -> str:
    """Options that block all of them `but` one."""
    return " ".join(f"-p no:{name}" for name in OTHER_PLUGINS if name != but)
