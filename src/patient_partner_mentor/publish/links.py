"""Ask each resource's address whether it still answers, and write the date of a good answer beside the module.

For a machine with a network. Only addresses that answered get a new date: the cards show the date of the last good one.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

from ..curriculum import LINKS_FILE, Course, Module, load_course, load_link_checks

PATIENCE = 20  # seconds for one answer
AGENT = "Mozilla/5.0 (compatible; patient-partner-mentor link check)"
HEAD = "# The date of the last good answer of each address, written by 'make links'.\n"


def check(root: Path) -> int:
    """Check every address, write ``links.yml`` in each module folder, and print what did not answer.

    :returns: 0 when every address answered, else 1
    """
    course = load_course(root)
    answers = ask_all(sorted({url for module in course.modules for url in addresses(module)}))
    write(root, course, answers, date.today())
    for url, problem in sorted(answers.items()):
        if problem:
            print(f"{url}: {problem}", file=sys.stderr)
    good = sum(1 for problem in answers.values() if not problem)
    print(f"{good} of {len(answers)} addresses answered.")
    return 0 if good == len(answers) else 1


def addresses(module: Module) -> list[str]:
    """Every address that the cards of a module show."""
    found = [str(r.url) for s in module.steps for r in s.resources if r.url]
    return found + [str(a.url) for s in module.steps for r in s.resources for a in r.alternatives]


def ask_all(urls: list[str]) -> dict[str, str]:
    """What is in the way of each address; an empty text for one that answers."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        return dict(zip(urls, pool.map(ask, urls), strict=True))


def ask(url: str) -> str:
    """What is in the way of one address, in a few words; nothing when it answers.

    A site that answers but turns programs away (401, 403, 405, 429, LinkedIn's 999) is there: a person can open it.
    """
    try:
        with urlopen(Request(url, headers={"User-Agent": AGENT, "Accept": "*/*"}), timeout=PATIENCE):
            return ""
    except HTTPError as error:
        return "" if error.code in (401, 403, 405, 429, 999) else f"answered {error.code}"
    except (OSError, ValueError) as error:
        return f"no answer ({type(error).__name__}); is there a network?"


def write(root: Path, course: Course, answers: dict[str, str], today: date) -> None:
    """Put today's date to each address that answered; the others keep the date that they had."""
    for module in course.modules:
        folder = root / "notebooks" / module.name
        dates = load_link_checks(folder)
        dates |= {url: today for url in addresses(module) if not answers[url]}
        kept = {url: dates[url] for url in addresses(module) if url in dates}
        if kept:
            (folder / LINKS_FILE).write_text(HEAD + yaml.safe_dump(kept, sort_keys=True), "utf-8")
