"""``ppm keeping``: what is announced to go, what can be brought back, and the words that only a person can say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CourseError
from ..interface import text
from . import keeping
from .clock import clock_is_right
from .keeping_pages import counted, name_of
from .service_settings import ServiceSettings, load_settings
from .store import Store


@dataclass(frozen=True)
class Asked:
    """What to do besides telling how things stand; each is a course's name."""

    bring_back: str = ""
    go_on: str = ""
    clock: bool = False


def run(settings: Path | None, asked: Asked) -> list[str]:
    """Do what was asked, and return what to print.

    :param settings: the course service's settings; by default what ``PPM_SERVICE_SETTINGS`` names
    :raises CourseError: when there is no such course, or the store cannot be used
    """
    found = load_settings(settings)
    for course in (asked.bring_back, asked.go_on):
        if course and course not in found.courses:
            raise CourseError(f"There is no course '{course}' in the settings. There is: {', '.join(sorted(found.courses))}.")
    store = Store(found.store)
    try:
        return asyncio.run(_run(store, found, asked))
    finally:
        store.close()


async def _run(store: Store, settings: ServiceSettings, asked: Asked) -> list[str]:
    lines = []
    if asked.clock:
        lines.append("The clock counts as right from now on." if await store.write(clock_is_right) else "The clock was not in doubt.")
    if asked.bring_back:
        rows = await keeping.restore(store, asked.bring_back)
        lines.append(f"{asked.bring_back}: {rows} rows were brought back. They stay until 'ends' in the settings changes, or you say --go-on.")
    if asked.go_on:
        held = await store.write(keeping.confirm, asked.go_on)
        lines.append(f"{asked.go_on}: {held} announcements go on. Each waits its days first.")
    if await store.read(keeping.clock_in_doubt):
        lines.append("The clock is far from what the store last saw, so nothing is removed. Set it, or say --clock-is-right.")
    for course in settings.courses:
        lines += [_line(course, one) for one in await store.read(keeping.standing, course)]
    return lines or ["Nothing is announced, and there is nothing to bring back."]


def _line(course: str, one: dict[str, Any]) -> str:
    what = f"{course}: {name_of(one['kind'])} ({counted(one['counts'])})"
    if one["done"]:
        return f"{what}: removed on {one['done'][:10]}; --bring-back {course} undoes it."
    if one["held"]:
        return f"{what}: held. {text('keeping.held_' + one['held'])} Change 'ends', or say --go-on {course}."
    return f"{what}: go on {one['day']}. Change 'ends' in the settings if that is not right."
