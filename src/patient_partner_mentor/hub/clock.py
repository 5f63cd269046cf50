"""The service's pulse: how long it was really up since the last beat, and whether its clock can be believed.

Nothing that cannot be undone hangs on one look at the clock. Waiting is counted in hours that the service was up, and a
clock that is further on than any pause of a service would explain stops all counting until somebody says that it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from .marks import drop_mark, mark, set_mark
from .store import lock_learner
from .tables import answers, hand_ins

HEARTBEAT = "heartbeat"
JUMPED = "clock_jumped_from"
LONGEST_PAUSE = 31 * 86_400  # seconds that a service may have been away
LONGEST_BEAT = 2 * 3600  # seconds between two beats that count as time it was up


@dataclass(frozen=True)
class Pulse:
    """One beat.

    :param seconds: how long the service was up since the last one
    :param jumped: the clock is not to be believed; nothing may be announced, removed or dropped
    """

    seconds: int
    jumped: bool


def moment(time: str) -> datetime:
    """A time of the store's as a time."""
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def beat(connection: Connection, time: str) -> Pulse:
    """Note that the service is up at this time, and compare it with the last beat, or with the newest record before the first.

    A clock that went back counts as no time at all, until it has caught up.
    """
    lock_learner(connection, "", HEARTBEAT)
    last = mark(connection, HEARTBEAT) or _newest(connection)
    base = mark(connection, JUMPED)
    if last and time < last and not base:
        return Pulse(0, False)  # the later time stays what the clock is measured by
    set_mark(connection, HEARTBEAT, time)
    if base:
        if abs((moment(time) - moment(base)).total_seconds()) > LONGEST_PAUSE:
            return Pulse(0, True)
        drop_mark(connection, JUMPED)
        return Pulse(0, False)
    gap = (moment(time) - moment(last)).total_seconds() if last else 0.0
    if gap > LONGEST_PAUSE and last:
        set_mark(connection, JUMPED, last)
        return Pulse(0, True)
    return Pulse(int(min(gap, LONGEST_BEAT)), False)


def clock_is_right(connection: Connection) -> bool:
    """A person says that the clock is right; say whether that was in doubt."""
    doubted = mark(connection, JUMPED) is not None
    drop_mark(connection, JUMPED)
    return doubted


def _newest(connection: Connection) -> str | None:
    found = [connection.execute(select(func.max(column))).scalar() for column in (answers.c.saved_at, hand_ins.c.time)]
    return max((one for one in found if one), default=None)
