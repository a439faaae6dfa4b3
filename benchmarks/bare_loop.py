"""The reference: the same calls by aiohttp and nothing else. python bare_loop.py BASE_URL CALLS IN_FLIGHT TEXT."""

from __future__ import annotations

import asyncio
import sys

import aiohttp


async def main(base_url: str, text: str, *, calls: int, in_flight: int) -> None:
    """Make so many calls, so many at once."""
    numbers = iter(range(calls))
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def worker() -> None:
            for number in numbers:
                messages = [
                    {"role": "system", "content": "Answer briefly."},
                    {"role": "user", "content": text.format(number)},
                ]
                body = {"model": "fake", "max_tokens": 16, "messages": messages}
                async with session.post(f"{base_url}/chat/completions", json=body) as response:
                    answer = await response.json()
                    assert answer["choices"][0]["message"]["content"]

        await asyncio.gather(*(worker() for _ in range(in_flight)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[4], calls=int(sys.argv[2]), in_flight=int(sys.argv[3])))
