"""POST over HTTP/1.1: one endpoint, one call at a time on each connection, every failure a PostError."""

from harness.backends.http.exchange import Answer, Limits, Poster, PostError
from harness.backends.http.opened import open_poster

__all__ = ["Answer", "Limits", "PostError", "Poster", "open_poster"]
