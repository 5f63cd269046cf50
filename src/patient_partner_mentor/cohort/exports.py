"""One learner's lines in the tables beside a gradebook: what ``nbgrader export`` wrote, and what somebody made of it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("student_id", "student", "student id", "account", "learner", "user", "username", "id")
_ENCODINGS = ("utf-8-sig", "utf-8", "cp1252", "latin-1")  # the last one reads every byte, so that nothing is an error
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Table:
    """A table as its file has it.

    :param column: which one holds the account
    """

    rows: list[list[str]]
    column: int
    delimiter: str
    encoding: str


def without(path: Path, learner: str) -> tuple[int, str]:
    """Take a learner's lines out of a table.

    :return: how many, and what a person has to look at, or nothing
    :raises OSError: when it cannot be read or written
    """
    text, encoding = _read(path.read_bytes())
    table = _table(text, encoding)
    if table is None:
        return 0, "its columns are not known here, and the account's name is in it" if learner in text else ""
    kept = [row for row in table.rows if len(row) <= table.column or row[table.column].strip() != learner]
    if len(kept) < len(table.rows):
        out = io.StringIO()
        csv.writer(out, delimiter=table.delimiter, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(kept)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(out.getvalue().encode(table.encoding))
        new.replace(path)
    elsewhere = any(learner == cell.strip() for row in kept for cell in row)
    return len(table.rows) - len(kept), "the account's name is in another of its columns, too" if elsewhere else ""


def _read(data: bytes) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # as a spreadsheet saves "Unicode text"
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            pass
    for encoding in _ENCODINGS[0 if data.startswith(b"\xef\xbb\xbf") else 1 :]:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 reads every byte")


def _table(text: str, encoding: str) -> Table | None:
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error:
            continue
        head = [cell.strip().lower() for cell in rows[0]] if rows else []
        column = next((head.index(name) for name in COLUMNS if name in head), None)
        if column is not None:
            return Table(rows, column, delimiter, encoding)
    return None
