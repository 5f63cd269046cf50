"""What the service notes down about itself in the store: a value under a name, the same for all replicas."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, text as sql

from .tables import marks

REMOVED = "removed"  # how often words were removed
EMPTIED = "emptied"  # and how many of these removals are out of the files of the store, too


def mark(connection: Connection, name: str) -> str | None:
    """The value under a name, if there is one."""
    return connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar()


def set_mark(connection: Connection, name: str, value: str) -> None:
    """Write a value under a name, over what is there."""
    put = sql("INSERT INTO marks (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
    connection.execute(put, {"name": name, "value": value})


def drop_mark(connection: Connection, name: str) -> None:
    """Let go of a name."""
    connection.execute(delete(marks).where(marks.c.name == name))


def count_removal(connection: Connection) -> None:
    """Note that words were removed. A count and no time, so that no clock can make a removal look older than it is."""
    add = sql("INSERT INTO marks (name, value) VALUES (:name, '1') ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(marks.value AS INTEGER) + 1 AS TEXT)")
    connection.execute(add, {"name": REMOVED})


def removals(connection: Connection) -> int:
    """How often words were removed so far."""
    return int(mark(connection, REMOVED) or 0)


def in_files(connection: Connection) -> bool:
    """Whether removed words may still be in the files of the store."""
    return int(mark(connection, EMPTIED) or 0) < removals(connection)
