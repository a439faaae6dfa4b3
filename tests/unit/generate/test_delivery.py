"""Answers are made durable and handed on, each at its own pace."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from harness.generate.delivery import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Ends:
    """Both ends of a delivery."""

    def __init__(self, deliver: Callable[[Sequence[Any]], None] = lambda _: None) -> None:
        self.kept: list[Any] = []
        self.delivered: list[Any] = []
        self.broken: list[BaseException] = []
        self.has_kept = threading.Semaphore(0)

        def keep(batch: Sequence[Any]) -> None:
            if "bad" in batch:
                raise OSError("the disk is gone")
            self.kept += batch
            for _ in batch:
                self.has_kept.release()

        def handed_on(batch: Sequence[Any]) -> None:
            deliver(batch)
            self.delivered += batch

        self.delivery = Delivery(keep=keep, deliver=handed_on, broken=self.broken.append)
        self.delivery.start()

    def put(self, *completions: Any) -> None:
        for completion in completions:
            self.delivery.put(completion)

    def ended(self) -> Ends:
        self.delivery.end()
        self.delivery.join(10)
        return self


def assert_set(event: threading.Event) -> None:
    assert event.wait(10)


def test_each_is_kept_and_then_delivered_in_order() -> None:
    ends = Ends()
    ends.put(*range(1_000))
    ends.ended()
    assert ends.kept == ends.delivered == list(range(1_000))


def test_metric_that_takes_long_holds_no_answer_back_from_the_disk() -> None:
    goes_on = threading.Event()
    ends = Ends(lambda _: assert_set(goes_on))
    ends.put("first")
    assert ends.has_kept.acquire(timeout=10)
    ends.put("second")
    assert ends.has_kept.acquire(timeout=10), "kept while the first is still being scored"
    assert ends.delivered == []
    goes_on.set()
    assert ends.ended().delivered == ["first", "second"]


def test_what_could_not_be_kept_is_told_and_not_delivered() -> None:
    ends = Ends()
    ends.put("good")
    assert ends.has_kept.acquire(timeout=10)
    ends.put("bad")
    ends.ended()
    assert [str(error) for error in ends.broken] == ["the disk is gone"]
    assert ends.delivered == ["good"]


def test_abandoned_delivery_ends_without_the_rest() -> None:
    goes_on = threading.Event()
    ends = Ends(lambda _: assert_set(goes_on))
    ends.put("first")
    assert ends.has_kept.acquire(timeout=10)
    ends.delivery.abandon()
    goes_on.set()
    ends.put("late")
    ends.delivery.join(10)
    assert "late" not in ends.delivered
