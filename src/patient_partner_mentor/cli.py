"""The command line: ``ppm VERB``, one function a verb."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import CourseError


def book(args: argparse.Namespace) -> None:
    """Build the book into _build/html, if anything changed."""
    from .publish.build import build, html_folder

    print("Built the book." if build(args.root, force=args.force, mode=args.mode) else "Nothing changed; the book is as it was.")
    print(f"It is in {html_folder(args.root, args.mode)}.")


def serve(args: argparse.Namespace) -> None:
    """Build the book if it is stale, and serve it with the modules as apps on this computer."""
    from .form.journal import data_folder
    from .publish.build import build, html_folder
    from .publish.site import POLICY
    from .serve import serve as run

    print("Getting the course ready ...", flush=True)
    build(args.root)
    run(args.root.resolve(), html_folder(args.root), POLICY, args.port, data_folder(), args.identity, args.warm, open_browser=not args.no_browser)


def lab(args: argparse.Namespace) -> None:
    """Open the course's notebooks in JupyterLab on this computer, with the same journal as 'ppm serve'."""
    from .form.journal import data_folder
    from .serve.lab import lab as run

    raise SystemExit(run(args.root.resolve(), args.port, data_folder(), open_browser=not args.no_browser))


def links(args: argparse.Namespace) -> None:
    """Ask every address of the resources whether it answers, and write down the date where it does."""
    from .publish.links import check

    raise SystemExit(check(args.root))


def check(args: argparse.Namespace) -> None:
    """Say what each answer of a file counts for: one JSON object a line in, one a line out."""
    import json

    from .credit.lines import check_lines
    from .curriculum import load_course

    course = load_course(args.root)
    try:
        lines = args.file.open(encoding="utf-8", errors="replace") if str(args.file) != "-" else sys.stdin
    except OSError as error:
        raise CourseError(f"{args.file} cannot be read ({error.strerror}). Check the name, or give - for standard input.") from None
    with lines:
        for answer in check_lines(lines, course, args.mode):
            print(json.dumps(answer, ensure_ascii=True))


def evaluate(args: argparse.Namespace) -> None:
    """Measure the check on CEReD, a public corpus of reflective writing, and print the figures as a table."""
    from .credit.evaluate import evaluate as measure

    print(measure(args.data))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; an error of ours is one message, never a traceback."""
    parser = argparse.ArgumentParser(prog="ppm", description="Patient Partner Mentor: build, serve and check the course.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the course's folder (default: here)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("book", help=book.__doc__)
    verb.add_argument("--force", action="store_true", help="build everything anew")
    verb.add_argument("--mode", choices=("alone", "cohort"), default="alone", help="whose book: for people alone, or for a cohort (default: alone)")
    verb.set_defaults(run=book)
    verb = verbs.add_parser("serve", help=serve.__doc__)
    verb.add_argument("--port", type=int, default=8000, help="a port on 127.0.0.1; 0 takes a free one (default: 8000)")
    verb.add_argument("--no-browser", action="store_true", help="only print the address")
    verb.add_argument("--identity", choices=("one-person", "public"), default="one-person", help="whose server it is: one person's, with a journal, or anybody's, where nothing written is kept on the server (default: one-person)")
    verb.add_argument("--warm", type=int, default=2, metavar="N", help="kernels that wait for the next page (default: 2)")
    verb.set_defaults(run=serve)
    verb = verbs.add_parser("lab", help=lab.__doc__)
    verb.add_argument("--port", type=int, default=8888, help="a port on 127.0.0.1 (default: 8888)")
    verb.add_argument("--no-browser", action="store_true", help="only print the address")
    verb.set_defaults(run=lab)
    verb = verbs.add_parser("links", help=links.__doc__)
    verb.set_defaults(run=links)
    verb = verbs.add_parser("check", help=check.__doc__)
    verb.add_argument("file", type=Path, metavar="FILE.jsonl", help="a file of lines, or - for standard input")
    verb.add_argument("--mode", choices=("alone", "cohort"), default="alone", help="whose messages (default: alone)")
    verb.set_defaults(run=check)
    verb = verbs.add_parser("evaluate", help=evaluate.__doc__)
    verb.add_argument("--data", type=Path, default=Path("../shared/data/cered"), help="the folder of the corpus (default: ../shared/data/cered)")
    verb.set_defaults(run=evaluate)
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
