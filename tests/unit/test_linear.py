"""Every pattern and every reader of the package is fed what is worst for it: none takes more than time in proportion.

The patterns are found by walking the package, and the places that parse by walking its source: who adds one is told here.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import patient_partner_mentor
from patient_partner_mentor.archives import BadArchive, folded, unpacked
from patient_partner_mentor.credit import language
from patient_partner_mentor.credit.check import check
from patient_partner_mentor.credit.handed_in import plain
from patient_partner_mentor.credit.noticing import notice
from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.errors import RecordError
from patient_partner_mentor.form.document import portfolio_document
from patient_partner_mentor.handins import parse_hand_in
from patient_partner_mentor.hub.comment_data import carried
from patient_partner_mentor.hub.refusals import Refused
from patient_partner_mentor.hub.roster import LARGEST as LARGEST_ROSTER
from patient_partner_mentor.hub.roster import LONGEST, read_roster
from patient_partner_mentor.limits import Limit, Unreadable, part_marks, read_json
from patient_partner_mentor.reflections import LIMIT, clean, join_parts, read_answer, split_parts
from tests.hub_running import node
from tests.worst_texts import MEGABYTE, SECONDS, SIZES, pieces, slow

SOURCE = Path(patient_partner_mentor.__file__).parent
# What these read was built by us, written by the course's authors, or said by a program of ours: no stranger's text comes here.
OURS = {
    "curriculum": "modules and notebooks of the course",
    "cells": "notebooks of the course",
    "cohort.assignments": "notebooks of the course",
    "form.bundle": "our own scripts",
    "publish": "the book while it is built",
    "serve.notebooks": "notebooks of the course",
    "serve.shell": "the frame that the build drew",
    "serve.handlers._DEFERRED": "the frame that the build drew",
    "hub.pages._POLICY": "the book's own welcome page",
    "hub.pages._SCRIPTS": "the frame that the build drew",
    "hub.facilitator._META_POLICY": "the frame that the build drew",
    "credit.simulate": "answers that we make up to try the rules",
    "credit.corpus": "answers that stand in the repository",
}
# What these read was cut to so many characters before.
BOUNDED = {
    "hub.roster": LONGEST,
    "credit.lists": LIMIT,
}
PARSERS = ("json.loads", "json.load", "zipfile.ZipFile", "HTMLParser", "html.unescape", "unescape", "unicodedata.normalize", "yaml.safe_load", "csv.reader")
# Each place that parses: why a stranger's worst is no trouble there.
PLACES = {
    "limits.read_json": "weighed before it is parsed",
    "archives.unpacked": "its end is looked at first",
    "archives.packed": "writes",
    "archives.folded": "names of at most 120 characters",
    "reflections.clean": "long runs of marks are parted before",
    "hub.comment_data.carried": "what was found between two tags, once",
    "hub.roster._slug": "lines of at most 200 characters",
    "hub.hub_api._ask": "what the Hub answers",
    "hub.course_service.application": "what the Hub says of cookies",
    "hub.journals.save": "an answer that was read before it was kept",
    "hub.sharing._state": "an outline that the service wrote",
    "hub.sharing.newest": "a hand-in that was read before it was kept",
    "credit.noticing.sentences_of": "cleaned texts of at most 20,000 characters",
    "credit.words.tokens": "cleaned texts of at most 20,000 characters",
}
# Files of the operator, the facilitator or the author, and rows that the service wrote itself.
OWN = {"hub.kept", "hub.keeping", "credit.lines", "deployment", "form.form", "interface", "cohort.exports", "cohort.guard", "cohort.roster", "cohort.taken_back", "hub.accounts", "hub.look", "hub.pages", "hub.settings_file", "hub.trial_folder"}


def _name(module: str) -> str:
    return module.removeprefix(f"{patient_partner_mentor.__name__}.").removeprefix(patient_partner_mentor.__name__)


def _ours(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in OURS)


@cache
def sources() -> dict[str, ast.Module]:
    """Every module's syntax, by its name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        if "migrations" not in name:
            found[name] = ast.parse(path.read_text("utf-8"))
    return found


def compiled() -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns that stand in modules under a name."""
    for info in pkgutil.walk_packages([str(SOURCE)], f"{patient_partner_mentor.__name__}."):
        if "migrations" in info.name or info.name.endswith("nbgrader_config"):
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{_name(info.name)}.{name}", value


def inline() -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns that stand where they are used."""
    for name, tree in sources().items():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {f"re.{way}" for way in ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")}:
                where = f"{name}:{call.lineno}"
                if isinstance(call.args[0], ast.Constant):
                    yield where, re.compile(str(call.args[0].value))
                else:
                    assert _ours(name) or name in MADE, f"{where}: a pattern that is made while the program runs; give its reason in MADE"


MADE = {"cohort.exchange": "nbgrader's own pattern of folders, over folders that a facilitator has"}
PATTERNS = {name: pattern for found in (compiled(), inline()) for name, pattern in found}


def test_the_walk_finds_patterns() -> None:
    """A walk that finds nothing would hold everything for good."""
    assert len(PATTERNS) > 40
    assert {"hub.roster._EMAIL", "archives._PART", "limits._INSIDE", "hub.identity._NAME"} <= set(PATTERNS)
    assert all(any(name == one or name.startswith((f"{one}.", f"{one}:")) for name in (*PATTERNS, *sources())) for one in (*OURS, *BOUNDED))


@pytest.mark.parametrize("name", [name for name in PATTERNS if not _ours(name.split(":")[0])])
def test_a_pattern_takes_time_in_proportion(name: str) -> None:
    pattern, module = PATTERNS[name], name.split(":")[0].rpartition(".")[0] or name.split(":")[0]
    largest = next((size for one, size in BOUNDED.items() if name.startswith((f"{one}.", f"{one}:"))), MEGABYTE)

    def work(text: str) -> None:
        pattern.fullmatch(text)
        for _ in pattern.finditer(text):
            pass

    assert module and not slow(work, pattern.pattern, largest)


@pytest.mark.parametrize("source", [r'"(?:[^"\\]|\\.)*+"', r'<script[^>]*\bid="ppm-comments"[^>]*>(.*?)</script>', r"\s+$"])
def test_the_test_knows_a_slow_pattern(source: str) -> None:
    """Two that once held everybody up, and their kind."""
    pattern = re.compile(source, re.S)
    assert slow(lambda text: pattern.sub("", text), source, 64_000)


def calls() -> Iterator[str]:
    """Each function that parses something."""
    for name, tree in sources().items():
        if _ours(name):
            continue
        for function in [node_ for node_ in ast.walk(tree) if isinstance(node_, ast.FunctionDef | ast.AsyncFunctionDef)]:
            if any(isinstance(call, ast.Call) and ast.unparse(call.func) in PARSERS for call in ast.walk(function)):
                yield f"{name}.{function.name}"


def test_each_place_that_parses_has_its_reason() -> None:
    """Whoever adds one says what bounds it, and feeds it below where strangers reach it."""
    found = {name for name in calls() if name.rpartition(".")[0] not in OWN}
    assert found == set(PLACES)


def no(work: Callable[[Any], object]) -> Callable[[Any], None]:
    """The work, whose refusals are fine."""

    def tried(given: Any) -> None:
        try:
            work(given)
        except (Unreadable, RecordError, Refused, BadArchive):
            return

    return tried


def _answer(text: str) -> Any:
    head = {"schema_version": 1, "course": "c", "module": "m", "step": "s", "module_version": 1, "prompt": text, "prompt_hash": "0" * 16, "text": text}
    return head | {"status": "written", "language": "en", "revision": {"count": 1, "writer": "w"}, "overtaken": []}


LABELS = ("I notice", "I need", "a")
READERS: dict[str, tuple[int, Callable[[str], object]]] = {
    "a hand-in": (MEGABYTE, lambda text: parse_hand_in(text.encode("utf-8", "replace"))),
    "a text of a hand-in": (200_000, lambda text: parse_hand_in(json.dumps({"id": text}).encode())),
    "JSON": (MEGABYTE, lambda text: read_json(text.encode(), Limit(5 * MEGABYTE, 32, 20_000))),
    "a string": (MEGABYTE, lambda text: read_json(b'"' + text.encode() + b'"', Limit(5 * MEGABYTE, 32, 4_000))),
    "comments": (MEGABYTE, lambda text: carried(text.encode())),
    "comments in a page": (MEGABYTE, lambda text: carried(b'<script id="ppm-comments">{' + text.encode() + b"</script>")),
    "escaped comments in a page": (MEGABYTE, lambda text: carried(b'<script id="ppm-comments">' + text.replace("{", "").encode() + b"</script>")),
    "an archive": (MEGABYTE, lambda text: unpacked(text.encode("utf-8", "replace"), 20 * MEGABYTE, 200)),
    "a name in an archive": (1_500, folded),
    "a text": (MEGABYTE, clean),
    "marks": (MEGABYTE, part_marks),
    "an answer": (MEGABYTE, lambda text: read_answer(_answer(text))),
    "parts": (LIMIT, lambda text: split_parts(LABELS, join_parts(LABELS, [text, text, text]))),
    "parts that are none": (LIMIT, lambda text: split_parts(LABELS, text)),
    "a roster": (LARGEST_ROSTER, read_roster),
    "a roster after addresses": (LARGEST_ROSTER, lambda text: read_roster(text, "email")),
    "the credit of words": (LIMIT, lambda text: check(clean(text), status="written", shared=True, prompt=text, earlier=[text[: LIMIT // 2]], language="en")),
    "what words include": (LIMIT // 4, lambda text: notice(clean(text), language.find(clean(text)), [text[:100]])),
    "words for a terminal": (MEGABYTE, plain),
}
SHAPES = '{"answers": [{"a\\u00e9 <script id="ppm-comments"> &#x26; </script> PK\\x05\\x06 a@example.org, I notice\n\n. \u0300\u0316 \u1100\u1161'


@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_time_in_proportion(name: str) -> None:
    largest, work = READERS[name]
    assert not slow(no(work), SHAPES, largest)


@pytest.mark.parametrize("piece", ["\u0300\u0316", "\u0316\u0300", "e\u0301", "\u1112\u1161\u11ab", "\U0001d160", "\u0344", "\ud83d", "\u0958\u093c"])
@pytest.mark.parametrize("name", ["a text"])
def test_letters_that_are_put_in_order_take_time_in_proportion(name: str, piece: str) -> None:
    text = piece * (MEGABYTE // len(piece))
    start = time.process_time()
    no(READERS[name][1])(text)
    assert time.process_time() - start < 4


SCRIPT = re.compile(r"(?:^|[(=,:!&|?{;]|return|=>)[ \t]*/(?![*/])((?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/([a-z]*)", re.M)
OURS_IN_PAGES = {("form.js", r"\s*(\.\.\.|…)$"): "a sentence of the course to begin with"}
IN_NODE = r"""
const { patterns, sizes, seconds } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const slow = [];
for (const [where, source, flags, pieces] of patterns) {
  const pattern = new RegExp(source, flags.includes("g") ? flags : flags + "g");
  const texts = [...pieces.map((a) => [a, ""]), ...pieces.slice(0, 6).flatMap((a) => pieces.slice(0, 8).flatMap((b) => [[a + b, ""], [b, "\0"]]))];
  let left = texts;
  for (const size of sizes) {
    const took = left.map(([piece, end]) => {
      const text = piece.repeat(size / piece.length) + end, start = process.cpuUsage();
      pattern.lastIndex = 0;
      text.replace(pattern, "");
      const { user, system } = process.cpuUsage(start);
      return [(user + system) / 1e6, piece, end];
    }).sort((a, b) => b[0] - a[0]);
    if (took[0][0] > Math.max(seconds * size / 1e6, 0.3)) { slow.push([where, source, took[0][1], size, took[0][0]]); break; }
    left = took.slice(0, 4).map(([, piece, end]) => [piece, end]);
  }
}
console.log(JSON.stringify({ looked: patterns.length, slow }));
"""


def test_the_patterns_of_the_pages_take_time_in_proportion() -> None:
    """The twins in the browser, in the engine of most browsers."""
    found = [(path.name, *match.groups()) for path in sorted(SOURCE.rglob("*.js")) for match in SCRIPT.finditer(path.read_text("utf-8"))]
    assert {one[:2] for one in found} >= set(OURS_IN_PAGES)
    found = [one for one in found if one[:2] not in OURS_IN_PAGES]
    asked = {"patterns": [[*one, pieces(one[1])] for one in found], "sizes": SIZES, "seconds": SECONDS}
    done = subprocess.run([node(), "-e", IN_NODE], input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=True)
    said = json.loads(done.stdout)
    assert said["looked"] > 20 and said["slow"] == []


def test_a_portfolio_of_the_worst_letters(course: Course) -> None:
    """A document for a word processor, of the longest texts there are."""
    one = read_answer(_answer("words"))
    start = time.process_time()
    portfolio_document(course, [one.model_copy(update={"text": "\n" * LIMIT, "step": f"s{n}"}) for n in range(5)], date(2026, 1, 1))
    assert time.process_time() - start < 5
