"""A metric's question in the form of a trial, so that what answers trials answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.schema import Trial, canonical_json, content_hash

if TYPE_CHECKING:
    import asyncio

    from harness.schema import CallError, Generation, Question

_MARK = ":"
"""Stands in the ids of questions, and in no trial's."""


class Asked(Trial, frozen=True, kw_only=True):
    """A question about a trial: `backend` is who is asked, `repeat` and `messages` are the question's.

    `params` too. Its id comes from what is asked, of whom and about which trial: in a resumed run it is the same.
    """

    about: Trial
    """The trial."""
    metric: str
    """The metric that asks."""
    answer: asyncio.Future[Generation | CallError]
    """Done when it is answered."""


def asked_of(
    about: Trial, metric: str, question: Question, *, answer: asyncio.Future[Generation | CallError], takes_params: bool
) -> Asked:
    """The question that `metric` asks about a trial."""
    params = dict(question.params) if takes_params else {}
    chat = [[message.role, message.content] for message in question.messages]
    what = content_hash([canonical_json([question.backend, chat, params, question.repeat])])
    scope = about.suite if question.is_shared else about.trial_id
    return Asked(
        f"{scope}{_MARK}{metric}{_MARK}{what}",
        about.suite,
        about.variant,
        question.backend,
        about.sample,
        question.repeat,
        question.messages,
        about=about,
        metric=metric,
        answer=answer,
        params=params,
    )


def is_of_trial(journalled_id: str) -> bool:
    """Whether the id is a trial's own, and no question's about one."""
    return _MARK not in journalled_id
