"""``python -m patient_partner_mentor.hub.same_person NAME``: the operator's word that an account's new bearer is the same person.

For a Hub whose database was made anew, or a learner who was deleted by mistake. Nobody else can say so.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from ..errors import CourseError
from .people import same
from .service_settings import load_settings
from .store import Store


def run(settings: Path | None, names: list[str]) -> str:
    """Do it, and return what to print.

    :param names: accounts; none for all
    :raises CourseError: when a name is not known, or the store cannot be used
    """
    store = Store(load_settings(settings).store)
    try:
        count, unknown = asyncio.run(store.write(same, names))
    finally:
        store.close()
    if unknown:
        said = [f"The course has met nobody called '{name}'." + (f" Did you mean {' or '.join(near)}?" if near else "") for name, near in unknown.items()]
        raise CourseError(" ".join([*said, "Nothing was changed."]))
    return f"Done for {count} {'account' if count == 1 else 'accounts'}. Whoever signs in there next has what is kept under the name."


def main(arguments: list[str] | None = None) -> int:
    """The command; an error of ours is one message, never a traceback."""
    parser = argparse.ArgumentParser(prog="python -m patient_partner_mentor.hub.same_person", description="Say that an account that was deleted at the Hub and added again is the same person's. They then have what is kept under the name. Be sure of it: the journal is private.")
    parser.add_argument("name", nargs="*", help="an account's name")
    parser.add_argument("--all", action="store_true", help="all accounts: after the Hub's database was made anew")
    parser.add_argument("--settings", type=Path, help="the course service's settings; by default what PPM_SERVICE_SETTINGS names")
    given = parser.parse_args(arguments)
    if bool(given.name) == given.all:
        parser.error("name an account, or say --all")
    try:
        print(run(given.settings, given.name))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
