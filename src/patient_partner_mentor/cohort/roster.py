"""Enter a roster into nbgrader's gradebook: ``python -m patient_partner_mentor.cohort.roster``, with JSON on standard input.

A program of its own, since nbgrader is large and the course service that starts it stays small. The input is one object:
``gradebook`` (a database's address), ``course``, and ``people``, each with ``id``, ``first_name``, ``last_name``, ``email``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from nbgrader.api import Gradebook, Student

from .settings import database_address

FIELDS = ("first_name", "last_name", "email")


def enter(gradebook: str, course: str, people: list[dict[str, Any]]) -> int:
    """Enter these people, and say how many are new. What is known of somebody and not said anew stays."""
    with Gradebook(database_address(gradebook), course) as book:
        known = {student.id: student for student in book.students}
        new = {one["id"]: Student(id=one["id"]) for one in people if one["id"] not in known}
        for one in people:
            for field in FIELDS:
                if one.get(field):
                    setattr(known.get(one["id"]) or new[one["id"]], field, one[field])
        book.db.add_all(new.values())  # in one transaction: nbgrader's own way takes one for each
        book.db.commit()
        return len(new)


def main() -> None:
    """Read, enter, and print how many are new."""
    data = json.load(sys.stdin)
    print(json.dumps({"new": enter(data["gradebook"], data["course"], data["people"])}))


if __name__ == "__main__":
    main()
