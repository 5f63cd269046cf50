"""``python -m bench``: build both books, measure the page in turns, print the table and hold ours to its targets."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from patient_partner_mentor.curriculum import load_module
from patient_partner_mentor.errors import CourseError
from patient_partner_mentor.publish.build import build
from tests.find_browser import find

from . import cost, stock, widgets
from .browser import NotReady, chromium, pair, try_forms
from .report import OURS, STOCK, Series, table, targets
from .server import compressed, serving

PAGE = "notebooks/1-patient-partner/module"
FORM_FILES = ("form.*.js", "form.*.css")


def measure(program: str, sites: dict[str, str], forms: int, rounds: int) -> tuple[Series, list[str]]:
    """Visit both sites in turns, so that a busy moment of the machine meets both; also gives what to tell beside the figures."""
    series: Series = {}
    told: list[str] = []
    with chromium(program) as browser:
        for site in sites.values():
            try_forms(browser, site, f"{PAGE}.html", forms)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds} ...", file=sys.stderr, flush=True)
            for slow in (False, True):
                for name in sorted(sites, reverse=number % 2 == 1):
                    try:
                        visits = pair(browser, sites[name], f"{PAGE}.html", forms, slow)
                    except NotReady as error:
                        told.append(f"One visit to {name} was left out and repeated: {error}")
                        visits = pair(browser, sites[name], f"{PAGE}.html", forms, slow)
                    for warm, visit in zip((False, True), visits, strict=True):
                        series.setdefault((name, slow, warm), []).append(visit)
        return series, [f"Chromium {browser.version}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the end.", *told]


def write(path: Path, series: Series, forms_size: int, about: list[str]) -> None:
    """Keep every single figure beside the table's medians."""
    visits = [
        {"site": name, "throttled": slow, "warm": warm, "round": number + 1, **asdict(visit)}
        for (name, slow, warm), some in series.items()
        for number, visit in enumerate(some)
    ]
    data = {"about": about, "forms_bytes": forms_size, "targets": [asdict(t) for t in targets(series, forms_size)], "visits": visits}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1), "utf-8")


def run(root: Path, rounds: int) -> int:
    """Build, measure and report; gives the exit code, 1 if a target was missed."""
    out, ours = root / "_build/bench", root / "_build/html"
    print("Building our book and its stock peer ...", file=sys.stderr, flush=True)
    build(root)
    forms = len(load_module(root / Path(PAGE).parent).steps) + 1  # one a step, and "my next step"
    with tempfile.TemporaryDirectory(prefix="bench-stock-") as place:
        peer = stock.build(root, PAGE, Path(place, "course"), widgets.machinery(out / "npm"))
        with serving(ours) as our_address, serving(peer) as peer_address:
            series, told = measure(find(), {OURS: our_address, STOCK: peer_address}, forms, rounds)
        forms_size = sum(len(compressed(path)) for name in FORM_FILES for path in ours.resolve().glob(f"_static/{name}"))
    about = [
        f"{PAGE}, {forms} forms, gzip, Cache-Control alike.",
        "Throttled: 1.6 Mbit/s down, 750 kbit/s up, 150 ms, CPU 4x slower.",
        "Stock, all of it served from its own site: " + ", ".join(f"{name} {number}" for name, number in widgets.versions().items()) + ".",
        *told,
    ]
    write(out / "results.json", series, forms_size, about)
    text = table(series, forms_size, rounds, about)
    (out / "results.txt").write_text(text + "\n", "utf-8")
    print(text)
    costs = cost.measure(find())
    print("\n" + cost.report(costs))
    met = all(target.met for target in targets(series, forms_size)) and all(one.found <= one.most for one in costs)
    return 0 if met else 1


def main() -> int:
    """Read the arguments and run; 2 means that there is nothing to report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent, help="the course's folder (default: this one)")
    parser.add_argument("--rounds", type=int, default=10, help="how often each case is visited (default: 10)")
    args = parser.parse_args()
    try:
        return run(args.root.resolve(), args.rounds)
    except (CourseError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
