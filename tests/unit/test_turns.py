"""The line in front of the passwords: places take turns, browsers that are known have a line of their own, and whoever guesses most goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from patient_partner_mentor.hub.turns import Full, Turns


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


class Line:
    """Tries that come one after the other; the first is looked at until it is told to be done."""

    def __init__(self, at_once: int = 1, most: int = 10) -> None:
        self.turns, self.done, self.served, self.tasks = Turns(at_once, most), asyncio.Event(), [], {}
        self.looked_at = self.most_looked_at = 0

    async def come(self, *names: str) -> None:
        """Tries by their names: ``k1-3`` is the third of place 1, from a browser that is known."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._one(name))
            await asyncio.sleep(0)

    async def _one(self, name: str) -> None:
        async with self.turns.turn(name[1:].partition("-")[0], name[0] == "k"):
            self.looked_at += 1
            self.most_looked_at = max(self.most_looked_at, self.looked_at)
            try:
                await self.done.wait()
                self.served.append(name)
            finally:
                self.looked_at -= 1

    async def over(self) -> dict[str, bool]:
        """Let all be done; who was served, by name."""
        self.done.set()
        found = await asyncio.wait_for(asyncio.gather(*self.tasks.values(), return_exceptions=True), 10)
        assert all(one is None or isinstance(one, Full | asyncio.CancelledError) for one in found)
        return {name: one is None for name, one in zip(self.tasks, found, strict=True)}


def test_places_take_turns_and_so_do_the_two_lines() -> None:
    """One who comes last is served third, however many tries of one stranger wait; a browser that is known is next."""

    async def work() -> None:
        line = Line()
        await line.come("s1-1", "s1-2", "s1-3", "s1-4", "s2-1", "k3-1", "k1-1")
        assert all((await line.over()).values())
        assert line.served == ["s1-1", "k3-1", "s1-2", "k1-1", "s2-1", "s1-3", "s1-4"]

    run(work())


@pytest.mark.parametrize("at_once", [1, 2])
def test_so_many_are_looked_at_at_once_and_no_more(at_once: int) -> None:
    """Also after some that waited went away."""

    async def work() -> None:
        line = Line(at_once, 100)
        await line.come(*(f"s{number % 7}-{number}" for number in range(40)))
        for name in ("s1-1", "s3-10", "s6-6"):
            line.tasks[name].cancel()
        await asyncio.sleep(0)
        served = await line.over()
        assert line.most_looked_at == at_once and len(line.served) >= 37 and sum(served.values()) == len(line.served)
        await asyncio.wait_for(line._one("s9-1"), 10)  # noqa: SLF001 - the door is free again

    run(work())


def test_whoever_is_called_off_when_the_turn_comes_hands_it_on() -> None:
    """Else nobody would have it ever again."""

    async def work() -> None:
        line = Line()
        await line.come("s1-1", "s2-1", "s3-1")
        line.done.set()
        while "s1-1" not in line.served:
            await asyncio.sleep(0)
        line.tasks["s2-1"].cancel()
        assert (await line.over())["s3-1"]

    run(work())


def test_when_too_many_wait_the_one_with_most_makes_room() -> None:
    """A stranger who fills the line keeps nobody else out of it, and never a browser that is known."""

    async def work() -> None:
        line = Line(most=10)
        await line.come("s0-0", *(f"s1-{number}" for number in range(30)), "s2-1", "k3-1", "k3-2")
        await asyncio.sleep(0)
        assert sum(one.done() for one in line.tasks.values()) == 23
        served = await line.over()
        assert served["s2-1"] and served["k3-1"] and served["k3-2"] and sum(served.values()) == 11
        assert [name for name in line.served if name.startswith("s1")] == [f"s1-{number}" for number in range(7)]

    run(work())


def test_a_line_of_known_browsers_has_an_end_as_well() -> None:
    """Nobody waits without limit."""

    async def work() -> None:
        line = Line(most=3)
        await line.come("k0-0", *(f"k1-{number}" for number in range(9)))
        assert sum((await line.over()).values()) == 4

    run(work())
