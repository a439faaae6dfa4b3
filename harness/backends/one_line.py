"""Text of others (servers, processes, the user's own code) made fit for one line of a message."""

from __future__ import annotations

_LONGEST = 300
"""Characters of a server's text that a message shows: enough for every error text of OpenAI's reference."""


def one_line(text: str, *, secret: str | None = None, longest: int = _LONGEST) -> str:
    r"""`text` on one line: white space runs become one space, other unprintable characters are escaped, the end is cut.

    `secret` never appears in it.

    >>> one_line("bad\n  key\x1b[31m sk-1", secret="sk-1")
    'bad key\\x1b[31m ***'
    """
    if secret:
        text = text.replace(secret, "***")
    text = " ".join(text[: longest * 8].split())
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"
