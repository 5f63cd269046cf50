"""The command line: ``ppm VERB``, one function a verb."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import CourseError


def book(args: argparse.Namespace) -> None:
    """Build the book into _build/html, if anything changed."""
    from .publish.build import build

    done = build(args.root, force=args.force)
    print({"fresh": "Nothing changed; the book is as it was.", "pages": "Built the pages that changed.", "all": "Built the whole book."}[done])
    print(f"It is in {args.root / '_build/html'}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; an error of ours is one message, never a traceback."""
    parser = argparse.ArgumentParser(prog="ppm", description="Patient Partner Mentor: build, serve and check the course.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the course's folder (default: here)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("book", help=book.__doc__)
    verb.add_argument("--force", action="store_true", help="build everything anew")
    verb.set_defaults(run=book)
    args = parser.parse_args(arguments)
    try:
        args.run(args)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
