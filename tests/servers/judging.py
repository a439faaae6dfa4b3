"""How a fake server answers as a judge, and what it was asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.servers.openai_server import Seen

STEPS = "Write the evaluation steps"
FORM = "Answer with this form"


def asked(body: dict[str, Any]) -> str:
    """The last message of a request."""
    return str(body["messages"][-1]["content"])


def verdict(body: dict[str, Any]) -> str:
    """Steps where steps are wanted; else a score from 1 to 5 that depends on what is to be judged, and a reason."""
    text = asked(body)
    if STEPS in text:
        return "1. Read the answer.\n2. Compare."
    score = 1 + sum(map(ord, text)) % 5
    return json.dumps({"reason": f"it is a {score}", "score": score})


def forms(requests: Iterable[Seen]) -> list[str]:
    """The forms that were to be filled in."""
    return [asked(seen.body) for seen in requests if FORM in asked(seen.body)]
