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

    print("Built the book." if build(args.root, force=args.force) else "Nothing changed; the book is as it was.")
    print(f"It is in {args.root / '_build/html'}.")


def serve(args: argparse.Namespace) -> None:
    """Build the book if it is stale, and serve it on this computer."""
    from .publish.build import build
    from .publish.site import POLICY
    from .serve import serve as run

    print("Getting the course ready ...", flush=True)
    build(args.root)
    run(args.root / "_build/html", POLICY, args.port, open_browser=not args.no_browser)


def links(args: argparse.Namespace) -> None:
    """Ask every address of the resources whether it answers, and write down the date where it does."""
    from .publish.links import check

    raise SystemExit(check(args.root))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; an error of ours is one message, never a traceback."""
    parser = argparse.ArgumentParser(prog="ppm", description="Patient Partner Mentor: build, serve and check the course.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the course's folder (default: here)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("book", help=book.__doc__)
    verb.add_argument("--force", action="store_true", help="build everything anew")
    verb.set_defaults(run=book)
    verb = verbs.add_parser("serve", help=serve.__doc__)
    verb.add_argument("--port", type=int, default=8000, help="a port on 127.0.0.1; 0 takes a free one (default: 8000)")
    verb.add_argument("--no-browser", action="store_true", help="only print the address")
    verb.set_defaults(run=serve)
    verb = verbs.add_parser("links", help=links.__doc__)
    verb.set_defaults(run=links)
    args = parser.parse_args(arguments)
    try:
        args.run(args)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
