"""The command line: ``ppm VERB``, one function a verb."""

from __future__ import annotations

import argparse
import os
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


def learner(args: argparse.Namespace) -> None:
    """Serve the modules as apps for one learner of a Hub; JupyterHub starts it as the learner's own server."""
    from .form.journal import data_folder
    from .hub.own_server import owner_of_this_server
    from .publish.build import html_folder
    from .publish.site import POLICY
    from .serve import serve_owner
    from .serve.plan import Owner

    owner = Owner(**owner_of_this_server())
    serve_owner(args.root.resolve(), args.book.resolve() if args.book else html_folder(args.root), POLICY, data_folder(), owner)


def lab(args: argparse.Namespace) -> None:
    """Open the course's notebooks in JupyterLab on this computer, with the same journal as 'ppm serve'."""
    from .form.journal import data_folder
    from .serve.lab import lab as run

    raise SystemExit(run(args.root.resolve(), args.port, data_folder(), open_browser=not args.no_browser))


def cohort(args: argparse.Namespace) -> None:
    """Try a cohort out on this computer: a real JupyterHub with trial accounts, and the course released."""
    from .hub.trial import new_link, trial
    from .publish.build import build, html_folder

    root, folder = args.root.resolve(), args.folder or args.root / "_cohort"
    if args.new_link:
        print(new_link(folder, args.new_link, args.port))
        return
    print("Getting the course ready ...", flush=True)
    build(root, mode="cohort")
    trial(root, html_folder(root, "cohort"), folder, args.port)


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


def assignments(args: argparse.Namespace) -> None:
    """Make nbgrader's assignments of the modules in a facilitators' folder, and put them out if asked."""
    from .cohort.folder import open_folder
    from .cohort.releasing import make
    from .cohort.where import course_folder

    made = make(open_folder(course_folder(args.course_folder)), args.root, args.names, args.release)
    print(f"{'Released' if args.release else 'Made'}: {', '.join(made)}.")


def collect(args: argparse.Namespace) -> None:
    """Get what learners shared from the course service into a facilitators' folder, and remove from it what they took back."""
    from .cohort.batch import collect as fetch
    from .cohort.folder import open_folder
    from .cohort.progress import progress
    from .cohort.where import course_folder

    folder = open_folder(course_folder(args.course_folder))
    names = args.names or folder.assignments()
    said: list[str] = []
    well = True
    try:
        for name in progress(names, "modules"):
            lines, fine = fetch(folder, name)
            said += lines
            well = well and fine
    finally:
        for line in said:
            print(line, file=sys.stderr)
    print(f"Collected: {', '.join(names)}." + ("" if well else " Not all went well; the lines above say what to do."))
    raise SystemExit(not well)


def grade(args: argparse.Namespace) -> None:
    """Grade what was collected: nothing that a learner handed in is run."""
    from .cohort.batch import grade as run
    from .cohort.folder import open_folder
    from .cohort.where import course_folder

    folder = open_folder(course_folder(args.course_folder))
    problems = 0
    for name in args.names or folder.assignments():
        report = run(folder, name, args.learner, args.again)
        for line in (*report.notes, *report.problems):
            print(line, file=sys.stderr)
        print(f"{name}: {report.graded} graded, {report.unchanged} as they were, {len(report.problems)} not graded.", flush=True)
        problems += len(report.problems)
    raise SystemExit(problems > 0)


def erase(args: argparse.Namespace) -> None:
    """Remove one learner from a facilitators' folder, its gradebook and the course service, and say what is left."""
    from .advice import erase as command
    from .cohort.erase_asking import ask, planned
    from .cohort.erasing import erase as run
    from .cohort.folder import open_folder
    from .cohort.where import course_folder

    folder = open_folder(course_folder(args.course_folder))
    plan = planned(folder, args.learner, args.module, not args.here_only)
    if not args.yes:
        ask(plan, command(folder.root, args.learner, args.module, args.here_only, yes=True))
    report = run(folder, args.learner, args.module, ask_service=not args.here_only)
    if not plan.known and report.complete and not report.removed:
        raise plan.nobody()
    print("\n".join(report.lines()))
    raise SystemExit(not report.complete)


def keeping(args: argparse.Namespace) -> None:
    """For the operator: what goes after a cohort's end, and when; bring back what went; say that a date or the clock is right."""
    from .hub.keeping_command import Asked, run

    print("\n".join(run(args.settings, Asked(args.bring_back, args.go_on, args.clock_is_right))))


def _root(given: Path | None) -> Path:
    """The course's folder: by option, the one that somebody stands in, by ``PPM_COURSE``, or the clone that this program is of."""
    from .curriculum import COURSE_SETTING, MODULE_FILE

    places = [Path.cwd(), Path(os.environ.get(COURSE_SETTING) or Path.cwd()), Path(__file__).absolute().parents[2]]
    return given or next((place for place in places if any(place.glob(f"notebooks/*/{MODULE_FILE}"))), places[0])


def parser() -> argparse.ArgumentParser:
    """All verbs with their options."""
    whole = argparse.ArgumentParser(prog="ppm", description="Patient Partner Mentor: build, serve and check the course.")
    whole.add_argument("--root", type=Path, help="the course's folder (default: here, else what PPM_COURSE names, else the clone that ppm was installed from)")
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
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
    verb = verbs.add_parser("learner", help=learner.__doc__)
    verb.add_argument("--book", type=Path, help="the built book (default: the one of this course's folder)")
    verb.set_defaults(run=learner)
    verb = verbs.add_parser("lab", help=lab.__doc__)
    verb.add_argument("--port", type=int, default=8888, help="a port on 127.0.0.1 (default: 8888)")
    verb.add_argument("--no-browser", action="store_true", help="only print the address")
    verb.set_defaults(run=lab)
    verb = verbs.add_parser("cohort", help=cohort.__doc__)
    verb.add_argument("--port", type=int, default=8100, help="a port on 127.0.0.1 (default: 8100)")
    verb.add_argument("--folder", type=Path, metavar="DIR", help="where the trial keeps everything (default: _cohort in the course's folder)")
    verb.add_argument("--new-link", metavar="ACCOUNT", help="only make a new join link for an account that lost its password, and print it; the old password ends")
    verb.set_defaults(run=cohort)
    verb = verbs.add_parser("links", help=links.__doc__)
    verb.set_defaults(run=links)
    verb = verbs.add_parser("check", help=check.__doc__)
    verb.add_argument("file", type=Path, metavar="FILE.jsonl", help="a file of lines, or - for standard input")
    verb.add_argument("--mode", choices=("alone", "cohort"), default="alone", help="whose messages (default: alone)")
    verb.set_defaults(run=check)
    verb = verbs.add_parser("evaluate", help=evaluate.__doc__)
    verb.add_argument("--data", type=Path, default=Path("../shared/data/cered"), help="the folder of the corpus (default: ../shared/data/cered)")
    verb.set_defaults(run=evaluate)
    for run, names in ((assignments, True), (collect, True), (grade, True), (erase, False)):
        verb = verbs.add_parser(run.__name__, help=run.__doc__)
        verb.add_argument("--course-folder", type=Path, metavar="DIR", help="the facilitators' folder of the course (default: what PPM_COURSE_FOLDER names, else here)")
        if names:
            verb.add_argument("names", nargs="*", metavar="MODULE", help="a module's name, such as 1-patient-partner (default: all)")
        verb.set_defaults(run=run)
        if run is assignments:
            verb.add_argument("--release", action="store_true", help="put them out at the course service")
        elif run is grade:
            verb.add_argument("--learner", default="", help="one learner's hand-ins only")
            verb.add_argument("--again", action="store_true", help="also those that were graded before; a human's credit and comments stay")
        elif run is erase:
            verb.add_argument("learner", metavar="LEARNER", help="the learner's account")
            verb.add_argument("--module", default="", help="only the words of one module, as when a learner took it back; the credit stays")
            verb.add_argument("--here-only", action="store_true", help="do not ask the course service to erase, too")
            verb.add_argument("--yes", action="store_true", help="do not ask first; for programs")
    verb = verbs.add_parser("keeping", help=keeping.__doc__)
    verb.add_argument("--settings", type=Path, metavar="FILE", help="the course service's settings (default: what PPM_SERVICE_SETTINGS names)")
    verb.add_argument("--bring-back", default="", metavar="COURSE", help="bring back what went and is still kept")
    verb.add_argument("--go-on", default="", metavar="COURSE", help="what is held may go, once its days of waiting are over")
    verb.add_argument("--clock-is-right", action="store_true", help="the service was away for long, and its clock is right")
    verb.set_defaults(run=keeping)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; an error of ours is one message, never a traceback."""
    args = parser().parse_args(arguments)
    args.root = _root(args.root)
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
