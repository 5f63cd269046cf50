"""Removed words leave the files of the store, too: SQLite writes its tables anew in small bites, PostgreSQL at once.

SQLite fills what is deleted with zeros (``secure_delete``). That is not all of it: when it balances a tree it copies rows
from page to page, and what it leaves in a page's unused room stays there, zeros or not. A page is filled with zeros as a
whole once its last row has gone. So each row moves to the end of its table, a few rows a transaction, until every old
page was given up: what VACUUM does, without one long transaction that all saves wait for.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Engine, Table, text as sql
from sqlalchemy.exc import DBAPIError

from .store import Store
from .tables import KEY_OF, metadata

BITE = 1_000_000  # bytes of rows that move in one transaction, about
BITE_ROWS = 200
_LOCK_SECONDS = 2  # PostgreSQL: a lock that is not given in this time is asked for another night, since others queue behind it


async def rewrite(store: Store, table: Table) -> None:
    """Move all rows that SQLite's table has now into fresh pages. Others write in between."""
    last = await store.read(_last, table.name)
    while await store.write(_move, table, last):
        pass


def _last(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT coalesce(max(rowid), 0) FROM {table}").scalar_one())


def _move(connection: Connection, table: Table, last: int) -> bool:
    """Move the first few rows behind the last one, in their order, with what refers to them; say whether there were any."""
    size = " + ".join(f"coalesce(length({column.name}), 0)" for column in table.columns if column.type.python_type in (bytes, str))
    found = connection.exec_driver_sql(f"SELECT rowid, {size} FROM {table.name} WHERE rowid <= {last} ORDER BY rowid LIMIT {BITE_ROWS}").all()
    if not found:
        return False
    first, until, taken = found[0][0], found[0][0], 0
    for row, length in found:
        taken += length
        if taken > BITE and row != first:
            break
        until = row
    shift = _last(connection, table.name) + 1 - first
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    for name, column in [(table.name, "rowid"), *_references(table)]:
        connection.exec_driver_sql(f"UPDATE {name} SET {column} = {column} + {shift} WHERE {column} BETWEEN {first} AND {until}")
    return True


def _references(table: Table) -> list[tuple[str, str]]:
    """The columns that hold keys of this table."""
    columns = [column for other in metadata.tables.values() for column in other.columns]
    mine = [one for one in columns if one.info.get(KEY_OF) == table.name or any(key.column.table is table for key in one.foreign_keys)]
    return [(column.table.name, column.name) for column in mine]


def free(connection: Any) -> tuple[int, int]:
    """How many bytes of SQLite's file are unused, and how many there are. Zero when this file cannot give any back."""
    ask = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "freelist_count", "page_count", "auto_vacuum")}
    return (ask["page_size"] * ask["freelist_count"] if ask["auto_vacuum"] == 2 else 0, ask["page_size"] * ask["page_count"])


def give_back(engine: Engine, size: int) -> int:
    """Give some of SQLite's unused pages back to the disk; what is then unused is returned."""
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        pages = max(1, size // driver.execute("PRAGMA page_size").fetchone()[0])
        driver.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
        return free(driver)[0]
    finally:
        connection.close()


def vacuum_full(engine: Engine, tables: Collection[Table]) -> bool:
    """Have PostgreSQL write tables anew, with their indexes and TOAST tables, and say whether no removed row is in them.

    Nobody reads or writes a table meanwhile. A row that an old transaction may still look at stays.
    """
    left: list[int] = []

    def note(said: Any) -> None:
        if number := re.search(r"\d+", said.message_detail or ""):  # how many dead rows cannot be removed yet
            left.append(int(number[0]))

    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.add_notice_handler(note)
            connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
            try:
                for table in tables:
                    connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE) {table.name}")
            finally:
                connection.exec_driver_sql("RESET lock_timeout")
                driver.remove_notice_handler(note)
    except DBAPIError:  # a lock that was not given, no room, no right
        return False
    return len(left) >= len(tables) and not any(left)


def size_of(connection: Connection, tables: Collection[Table]) -> int:
    """How many bytes PostgreSQL's tables take, with all that belongs to them."""
    return sum(int(connection.execute(sql("SELECT pg_total_relation_size(CAST(:name AS regclass))"), {"name": table.name}).scalar_one()) for table in tables)


def log_can_be_emptied(connection: Connection) -> bool:
    """Whether PostgreSQL lets this account end a segment of its log, and removes those that are over instead of using them again."""
    ask = """SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE')
        AND current_setting('wal_recycle') = 'off' AND current_setting('wal_keep_size') = '0'
        AND NOT EXISTS (SELECT 1 FROM pg_replication_slots)
        AND (current_setting('is_superuser') = 'on'
          OR EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'MEMBER')))"""
    return bool(connection.exec_driver_sql(ask).scalar_one())


def empty_postgres_log(engine: Engine) -> bool:
    """End the log's segment and have the old ones removed; say whether PostgreSQL did it."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            allowed = log_can_be_emptied(connection)
            for step in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT") if allowed else ():
                connection.exec_driver_sql(step)
    except DBAPIError:
        return False
    return allowed
