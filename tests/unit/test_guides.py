"""Every command that any page names is there, with its options as they are written; and none is in a guide without being run."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderApp

from patient_partner_mentor.cli import parser
from tests.guide_readers import LISTED, NAMED, STANDS, TELLING, WOULD_RUN, ELSEWHERE, stands
from tests.guides import ROOT, Command, commands, commands_of, pages, without_comment

EVERY = [one for page in pages() for one in commands_of(page)]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
MADE_UP = """# A guide

Run `make moon`, or `ppm collect --all`, with `ppm`; the file `ppm.txt` and `make_it` are no commands. ``nbgrader list`` is one.

1. First:

   ```console
   $ ppm grade   # with a comment
   # only a comment
   openssl req -x509 \\
     -nodes
   ```

```
make serve
```

```yaml
make: no command
```

```sh
some-program --that "nobody knows"
```
"""


def test_the_commands_of_a_made_up_guide_are_found() -> None:
    """In sentences and blocks, with their lines; none is left out because its program is new."""
    found = [(one.line, one.text, one.block) for one in commands("made-up.md", MADE_UP)]
    assert found == [
        (3, "make moon", False),
        (3, "ppm collect --all", False),
        (3, "nbgrader list", False),
        (8, "ppm grade   # with a comment", True),
        (10, "openssl req -x509 \\\n-nodes", True),
        (15, "make serve", True),
        (23, 'some-program --that "nobody knows"', True),
    ]
    assert without_comment("ppm grade   # with a comment") == "ppm grade"


@pytest.mark.parametrize("said", ["make moon", "make serve MOON=1", "ppm moon", "ppm collect --moon", "ppm book --mode moon", "nbgrader moon", "nbgrader list --moon", "python -m tests.moon", "python3 tools/moon.py"])
def test_what_is_not_there_is_noticed(said: str) -> None:
    """The rule below is one that can say no."""
    assert missing(Command("made-up.md", 1, said, False))


@pytest.mark.parametrize("command", EVERY, ids=str)
def test_every_command_that_is_named_is_there(command: Command) -> None:
    """Verbs, targets and options of guides, decisions and the changelog, asked of the programs themselves."""
    assert missing(command) == ""


def missing(command: Command) -> str:
    """What a command names that is not there; nothing for programs that are not ours."""
    words = shlex.split(without_comment(command.text))
    program = words[0].removeprefix(".venv/bin/")
    if program == "ppm":
        return _missing_verb(words[1:], command.block)
    if program == "make":
        return _missing_target(words[1:])
    if program == "nbgrader":
        return _missing_app(words[1:])
    if program in ("python", "python3") and words[1] == "-m":
        return "" if importlib.util.find_spec(words[2]) else words[2]
    return " ".join(word for word in words if word.startswith("tools/") and not (ROOT / word).is_file())


def _missing_verb(words: list[str], whole: bool) -> str:
    verbs = next(one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)).choices
    if words[0] not in verbs:
        return f"ppm {words[0]}"
    said: list[str] = []

    def error(why: str) -> None:
        said.append(why)
        raise SystemExit(2)

    verb = verbs[words[0]]
    verb.error = error  # type: ignore[method-assign, assignment]
    try:
        verb.parse_args(words[1:])
    except SystemExit:
        unfinished = said and re.search(r"arguments are required|expected one argument", said[0])
        return "" if unfinished and not whole else f"ppm {words[0]}: {said}"
    return ""


def _missing_target(words: list[str]) -> str:
    targets = [word for word in words if "=" not in word]
    variables = [word.partition("=")[0] for word in words if "=" in word]
    there = [re.search(rf"^{re.escape(one)}:.*## ", MAKEFILE, re.M) for one in targets] + [f"$({one})" in MAKEFILE or None for one in variables]
    return "" if all(there) else " ".join(words)


def _missing_app(words: list[str]) -> str:
    app = NbGraderApp.subcommands.get(words[0])
    if not app:
        return words[0]
    options = [word.lstrip("-").partition("=")[0] for word in words[1:] if word.startswith("-")]
    return " ".join(one for one in options if one not in app[0].flags and one not in app[0].aliases and "." not in one)


@pytest.mark.parametrize("page", sorted({one.page for one in EVERY}))
def test_every_page_with_commands_says_where_its_reader_stands(page: str) -> None:
    """A new guide is read by the tests as well, or tells of commands only."""
    text = (ROOT / page).read_text("utf-8")
    if page.startswith(TELLING):
        assert not [one for one in commands_of(page) if one.block], "a page that only tells has a block of commands"
        return
    for one in commands_of(page):
        where = stands(page, one.text)
        assert where, f"{one}: nothing says where its reader stands. Add the page to tests/guide_readers.py."
        assert where[1] in " ".join(text.split()), f"{page} does not say: {where[1]}"


@pytest.mark.parametrize("text", [*LISTED, *NAMED])
def test_what_is_not_run_stands_in_a_guide(text: str) -> None:
    """No reason outlives its command."""
    assert text in {without_comment(one.text) for one in EVERY if not one.page.startswith(TELLING)}


@pytest.mark.parametrize("text", [text for text in LISTED if text.startswith("make ")])
def test_make_knows_what_is_not_run(text: str) -> None:
    """Each target is asked what it would do."""
    done = subprocess.run([*shlex.split(text), "--dry-run"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert WOULD_RUN.get(text, "") in done.stdout


def test_every_page_in_the_tables_is_there() -> None:
    """A page that was renamed would be read by nobody."""
    assert [page for page in {*STANDS, *(page for page, _ in ELSEWHERE)} if not Path(ROOT, page).is_file()] == []
