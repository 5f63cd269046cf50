"""``python -m tools.attack``: run the attacks against a trial on this computer, and print a table of what was seen.

    python -m tools.attack                                      # starts a trial of its own, and removes it
    python -m tools.attack http://127.0.0.1:8100/               # the running 'make cohort'
    python -m tools.attack --only "copies at once" --seconds 30

Use a trial for this and nothing else: what the attacking learner wrote in it is erased. The exit code is 1 when
something did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .people import NotLoopback
from .rounds import chosen, run, table
from .target import ROOT, Target

COURSE, ATTACKER, NEIGHBOR = "ppm-trial", "ben", "ana"


def of_trial(url: str, folder: Path) -> Target:
    """The trial of 'make cohort' that keeps its things in this folder.

    :raises SystemExit: when there is none
    """
    try:
        kept = json.loads((folder / "trial.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise SystemExit(f"{folder} is not the folder of a trial that you may read. Start one with 'make cohort', or name its folder: --folder") from None
    return Target(url, COURSE, kept["passwords"], ATTACKER, NEIGHBOR, folder, kept["tokens"].get(COURSE, ""))


@contextlib.contextmanager
def trial(url: str, folder: Path) -> Iterator[Target]:
    """The trial of this address, or one of our own without any."""
    if url:
        yield of_trial(url, folder)
        return
    from tests.cohort_running import running_cohort

    with tempfile.TemporaryDirectory(prefix="ppm-attack-") as place:
        print("A trial of our own is started; that takes a minute.", file=sys.stderr, flush=True)
        with running_cohort(Path(place) / "cohort") as cohort:
            yield of_trial(cohort.url, cohort.folder)


def main() -> int:
    """Run, print, and say by the exit code whether everything held."""
    options = argparse.ArgumentParser("python -m tools.attack", description="Attacks on a trial of your own, on this computer only.")
    options.add_argument("url", nargs="?", default="", help="where the trial is; without it, one is started and removed again")
    options.add_argument("--folder", type=Path, default=ROOT / "_cohort", help="the trial's folder, with its accounts (default: _cohort)")
    options.add_argument("--seconds", type=float, default=10, help="how long each attack may take (default: 10; at most 60)")
    options.add_argument("--seed", type=int, default=1, help="of everything that is left to chance")
    options.add_argument("--only", action="append", default=[], metavar="NAME", help="this attack alone; may be given again")
    said = options.parse_args()
    try:
        with trial(said.url, said.folder) as target:
            rows = run(target, chosen(target, said.only), min(60.0, said.seconds), said.seed)
    except (NotLoopback, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    print(table(rows) if rows else "There is no attack of this name.")
    return 0 if rows and not any(row.faults for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
