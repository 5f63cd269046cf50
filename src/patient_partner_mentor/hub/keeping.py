"""The end of keeping, in two steps: what goes after a cohort's end is announced, waits, and goes into a kept copy first.

Nothing is announced or removed while the clock cannot be believed (``clock``), or while the cohort's last day cannot be
right by the course's own records, until a person has said that it is.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from . import kept
from .clock import JUMPED, Pulse, beat, moment
from .kept import RECORD, WORDS
from .marks import mark, set_mark
from .service_settings import CourseSettings
from .store import Store, lock_learner, now
from .tables import answers, expiries, hand_ins

log = logging.getLogger("ppm.service")
LATE_DAYS = 30  # nobody shares so long after a cohort's last day
DAY = 86_400  # seconds


@dataclass(frozen=True)
class Due:
    """What is to be done now, by the keys of expiries, with the kind of each."""

    to_keep: tuple[tuple[int, str], ...] = ()
    to_drop: tuple[int, ...] = ()


async def keep(store: Store, courses: Mapping[str, CourseSettings], time: str | None = None) -> bool:
    """One beat: announce, remove what has waited, drop old copies; say whether anything left the tables.

    :param time: the service's clock, as ``store.now`` gives it
    """
    time = time or now()
    pulse = await store.write(beat, time)
    if pulse.jumped:
        log.warning("The clock is far from what the store last saw. Nothing is removed. If the clock is right, say so with 'ppm keeping --clock-is-right'.")
        return False
    changed = False
    for course, settings in courses.items():
        due = await store.write(look, course, settings, time, pulse)
        for key, kind in due.to_keep:
            while await store.write(kept.keep_some, course, kind, key, time):
                changed = True
            if await store.write(_done, key, time):
                log.warning("%s: the %s of the cohort went into a kept copy, for %d days. 'ppm keeping' can bring it back.", course, kind, settings.copy_days)
        for key in due.to_drop:
            while await store.write(kept.drop_some, key):
                changed = True
            if await store.write(_over, key, time, "dropped"):
                log.warning("%s: a kept copy was dropped for good.", course)
    return changed


def look(connection: Connection, course: str, settings: CourseSettings, time: str, pulse: Pulse) -> Due:
    """Count what waits, announce what is new, and say what is due now."""
    lock_learner(connection, course, " keeping")
    to_keep = []
    for kind, days in ((WORDS, settings.words_days), (RECORD, settings.record_days)):
        row = _standing(connection, course, kind, settings)
        if row is None:
            _announce(connection, course, kind, days, settings, time)
            continue
        held = None if row.confirmed_at else _held(connection, course, kind, settings)
        waited = row.waited + (0 if held else pulse.seconds)
        connection.execute(update(expiries).where(expiries.c.key == row.key).values(waited=waited, held=held))
        if held is None and waited >= settings.wait_days * DAY and time[:10] >= row.day:
            to_keep.append((row.key, kind))
    _remember(connection, course, settings)
    return Due(tuple(to_keep), _old_copies(connection, course, settings, pulse))


def bring_back(connection: Connection, course: str) -> list[int]:
    """The expiries of a course whose kept copies are still there, the newest first."""
    found = select(expiries.c.key).where(expiries.c.course == course, expiries.c.done_at.is_not(None), expiries.c.over_at.is_(None))
    return list(connection.execute(found.order_by(expiries.c.key.desc())).scalars())


async def restore(store: Store, course: str) -> int:
    """Bring back all that went and is still kept, and return how many rows came back."""
    rows = 0
    for key in await store.read(bring_back, course):
        while count := await store.write(kept.restore_some, course, key):
            rows += count
        await store.write(_over, key, now(), "back")
    return rows


def confirm(connection: Connection, course: str) -> int:
    """A person says that what is held may go; say how many that were. It waits its days all the same."""
    held = (expiries.c.course == course, expiries.c.done_at.is_(None), expiries.c.over_at.is_(None), expiries.c.held.is_not(None))
    return connection.execute(update(expiries).where(*held).values(confirmed_at=now(), held=None)).rowcount


def standing(connection: Connection, course: str) -> list[dict[str, Any]]:
    """What is announced or can still be brought back, for facilitators and the operator: days and counts, no words."""
    found = connection.execute(select(expiries).where(expiries.c.course == course, expiries.c.over_at.is_(None)).order_by(expiries.c.key))
    return [
        {"kind": row.kind, "day": row.day, "counts": json.loads(row.counts), "held": row.held, "done": row.done_at, "waited": row.waited} for row in found
    ]


def leaving(connection: Connection, course: str) -> dict[str, str]:
    """What learners are told: the kinds that go soon, each with its day."""
    return {one["kind"]: one["day"] for one in standing(connection, course) if not one["held"] and not one["done"]}


def clock_in_doubt(connection: Connection) -> bool:
    """Whether the clock is not believed."""
    return mark(connection, JUMPED) is not None


def _standing(connection: Connection, course: str, kind: str, settings: CourseSettings) -> Any:
    """The announcement that stands. One that was made for another last day is withdrawn."""
    here = (expiries.c.course == course, expiries.c.kind == kind, expiries.c.done_at.is_(None), expiries.c.over_at.is_(None))
    row = connection.execute(select(expiries).where(*here)).first()
    if row is None or (settings.ends and row.ends == settings.ends.isoformat() and row.day == _day(settings, kind, row.announced_at)):
        return row
    _over(connection, row.key, now(), "withdrawn")
    log.warning("%s: the settings changed, and the announced end of the %s no longer stands.", course, kind)
    return None


def _announce(connection: Connection, course: str, kind: str, days: int, settings: CourseSettings, time: str) -> None:
    if not settings.ends or moment(time).date() <= settings.ends + timedelta(days - settings.wait_days):
        return
    counts = kept.count(connection, course, kind)
    if not counts:
        return
    held, day = _held(connection, course, kind, settings), _day(settings, kind, time)
    row = {"course": course, "kind": kind, "ends": settings.ends.isoformat(), "day": day, "counts": json.dumps(counts), "announced_at": time, "waited": 0}
    connection.execute(insert(expiries).values(**row, held=held))
    said = ", ".join(f"{number} {origin}" for origin, number in counts.items())
    if held:
        log.warning("%s: the %s would go (%s), and are held: %s. 'ppm keeping' says what to do.", course, kind, said, held)
    else:
        log.warning("%s: the %s go on %s (%s). Change 'ends' in the settings if that is not right.", course, kind, day, said)


def _day(settings: CourseSettings, kind: str, announced: str) -> str:
    """The day on which it goes: as learners were told, and no sooner than the waiting allows."""
    days = settings.words_days if kind == WORDS else settings.record_days
    told = (settings.ends or date.max) + timedelta(days + 1) if settings.ends else date.max
    return max(told, moment(announced).date() + timedelta(settings.wait_days)).isoformat()


def _held(connection: Connection, course: str, kind: str, settings: CourseSettings) -> str | None:
    """Why it cannot be right that this goes, if there is a reason."""
    ends = settings.ends
    if ends is None:
        return None
    known = mark(connection, _known(course))
    if known and ends.isoformat() < known:
        return "ends-earlier"
    back = select(expiries.c.key).where(expiries.c.course == course, expiries.c.kind == kind, expiries.c.ends == ends.isoformat(), expiries.c.outcome == "back")
    if connection.execute(back.limit(1)).first():
        return "brought-back"
    last = connection.execute(select(func.max(hand_ins.c.time)).where(hand_ins.c.course == course)).scalar()
    first = connection.execute(select(func.min(answers.c.saved_at)).where(answers.c.course == course)).scalar()
    late = (ends + timedelta(LATE_DAYS)).isoformat()
    return "ends-records" if (last and last[:10] > late) or (first and first[:10] > ends.isoformat()) else None


def _remember(connection: Connection, course: str, settings: CourseSettings) -> None:
    """Keep the latest last day that the settings ever had; an earlier one needs a person's word."""
    known = mark(connection, _known(course))
    if settings.ends and (known is None or known < settings.ends.isoformat()):
        set_mark(connection, _known(course), settings.ends.isoformat())


def _known(course: str) -> str:
    return f"ends:{course}"


def _old_copies(connection: Connection, course: str, settings: CourseSettings, pulse: Pulse) -> tuple[int, ...]:
    """Count how long copies were kept, and name those whose time is over."""
    kept_now = (expiries.c.course == course, expiries.c.done_at.is_not(None), expiries.c.over_at.is_(None))
    connection.execute(update(expiries).where(*kept_now).values(waited=expiries.c.waited + pulse.seconds))
    return tuple(connection.execute(select(expiries.c.key).where(*kept_now, expiries.c.waited >= settings.copy_days * DAY)).scalars())


def _done(connection: Connection, key: int, time: str) -> bool:
    here = (expiries.c.key == key, expiries.c.done_at.is_(None), expiries.c.over_at.is_(None))
    return connection.execute(update(expiries).where(*here).values(done_at=time, waited=0)).rowcount > 0


def _over(connection: Connection, key: int, time: str, outcome: str) -> bool:
    return connection.execute(update(expiries).where(expiries.c.key == key, expiries.c.over_at.is_(None)).values(over_at=time, outcome=outcome)).rowcount > 0
