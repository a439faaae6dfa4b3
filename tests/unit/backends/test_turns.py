from __future__ import annotations

import asyncio

from harness.backends.turns import Turns


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def order_of(asked: list[str], slots: int = 1) -> list[str]:
    """Who gets a slot, in order, when all ask at once and each keeps it for a moment."""

    async def whole() -> list[str]:
        turns = Turns(slots)
        served: list[str] = []

        async def one(user: str) -> None:
            await turns.take(user)
            served.append(user)
            await asyncio.sleep(0)
            turns.give_back()

        await asyncio.gather(*map(one, asked))
        return served

    return asyncio.run(whole())


def test_users_take_turns_however_many_each_asks_for() -> None:
    assert order_of([*"aaaaaa", *"bb"]) == [*"aababaaa"]
    assert order_of([*"aaaa", *"bbbb", "c"]) == [*"aabcabab", "b"]


def test_no_more_than_the_slots_are_out_at_once() -> None:
    async def most_at_once() -> int:
        turns = Turns(2)
        out, most = 0, 0

        async def one(user: int) -> None:
            nonlocal out, most
            await turns.take(user)
            out += 1
            most = max(most, out)
            await asyncio.sleep(0)
            out -= 1
            turns.give_back()

        await asyncio.gather(*(one(number % 3) for number in range(20)))
        return most

    assert asyncio.run(most_at_once()) == 2


def test_slot_of_one_who_gave_up_waiting_is_not_lost() -> None:
    async def whole() -> list[str]:
        turns = Turns(1)
        served: list[str] = []

        async def one(user: str) -> None:
            await turns.take(user)
            served.append(user)

        await one("first")
        waiting = {user: asyncio.create_task(one(user)) for user in ("gone", "given", "last")}
        await settle()
        waiting["gone"].cancel()  # gives up while it waits
        await settle()
        turns.give_back()  # is the turn of "given", who gives up before it hears of it
        waiting["given"].cancel()
        await settle()
        await waiting["last"]
        turns.give_back()
        await one("later")
        return served

    assert asyncio.run(asyncio.wait_for(whole(), 2)) == ["first", "last", "later"]
