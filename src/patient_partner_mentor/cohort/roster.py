"""Enter a roster into nbgrader's gradebook: ``python -m patient_partner_mentor.cohort.roster``, with JSON on standard input.

A program of its own, since nbgrader is large and the course service that starts it stays small. The input is one object:
``gradebook`` (a database's address), ``course``, and ``people``, each with ``id``, ``first_name``, ``last_name``, ``email``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from nbgrader.api import Gradebook

FIELDS = ("first_name", "last_name", "email")


def enter(gradebook: str, course: str, people: list[dict[str, Any]]) -> int:
    """Enter these people, and say how many are new. What is known of somebody and not said anew stays."""
    with Gradebook(gradebook, course) as book:
        before = {student.id for student in book.students}
        for one in people:
            book.update_or_create_student(one["id"], **{field: one[field] for field in FIELDS if one.get(field)})
        return len({one["id"] for one in people} - before)


def main() -> None:
    """Read, enter, and print how many are new."""
    data = json.load(sys.stdin)
    print(json.dumps({"new": enter(data["gradebook"], data["course"], data["people"])}))


if __name__ == "__main__":
    main()
