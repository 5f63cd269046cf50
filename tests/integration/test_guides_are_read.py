"""Every command of every guide, typed as it stands there by somebody who stands where the guide says, and in its order."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.hub.accounts import Accounts
from tests.cohort_folder import score
from tests.find_postgres import programs, running_postgres
from tests.guide_readers import CLONE, LISTED, NAMED, OPERATOR, STANDS, TERMINAL, stands
from tests.guides import ROOT, Command, commands, commands_of, without_comment
from tests.hub_running import free_port
from tests.reader_running import Reader, Server, clone
from tests.unit.test_evaluate import a_corpus
from tests.unit.test_lines import GOOD
from tools.attack.people import Person
from tools.attack.records import AGREED, hand_in

AS_ROOT = os.geteuid() == 0 and shutil.which("useradd") is not None
COMMENT = "Thank you for letting me read this."
FENCED = re.compile(r"^( *)```(yaml|python|sql)\n(.*?)^\1```", re.M | re.S)
# What a command has to say, besides that all went well.
SAYS = {
    "make": r"serve +build what is stale",
    "make book": r"_build/html",
    ".venv/bin/ppm book --force": r"Built the book",
    ".venv/bin/ppm check FILE.jsonl": r'"state": "done"',
    ".venv/bin/ppm evaluate --data DIR": r"two sentences, as written",
    "ppm assignments --release": r"Released: 1-patient-partner, ",
    "ppm collect": r"Collected: 1-patient-partner, ",
    "ppm grade": r"1-patient-partner: \d+ graded, \d+ as they were, 0 not graded",
    "ppm erase ana": r"type the account",
    "ppm keeping": r"Nothing is announced",
    "git log": r"As it is",
}


def block_of(page: str, kind: str, beginning: str) -> str:
    """A block of settings in a guide, by its kind and its first words."""
    text = (ROOT / page).read_text("utf-8")
    return next(found for _, is_kind, lines in FENCED.findall(text) if is_kind == kind and (found := textwrap.dedent(lines)).startswith(beginning))


class Readers:
    """The three who read: in the project's folder, at a facilitator's terminal of a trial, and on the server of a Hub."""

    def __init__(self, folder: Path, short: Path, course: Course) -> None:
        self.short, self.course = short, course
        place = clone(folder / "clone")
        data = folder / "data"
        data.mkdir()
        (data / "answers.jsonl").write_text(json.dumps(GOOD) + "\n", "utf-8")
        a_corpus(data, count=5)
        self.token, tag = secrets.token_hex(16), secrets.token_hex(3)
        self.account = f"grader-{tag}"
        socket = str(short / "run")
        values = {
            "FILE.jsonl": str(data / "answers.jsonl"),
            "DIR": str(data),
            "LEARNER": "ana",
            "MODULE": "1-patient-partner",
            "=...": f"={self.token}",
            "/opt/ppm": str(short / "env"),
            "/srv/ppm": str(short / "srv"),
            "/run/ppm": socket,
            "%2frun%2fppm": socket.replace("/", "%2f"),
            "groupadd ppm": f"groupadd ppm-{tag}",
            "useradd --create-home --groups ppm grader-2026": f"useradd --create-home --groups ppm-{tag} {self.account}",
        }
        self.reader = {CLONE: Reader(folder / "home", place, values), TERMINAL: Reader(folder / "fay", folder / "fay", values), OPERATOR: Reader(short / "home", place, values)}
        self.servers: dict[str, Server] = {}
        self.typed: set[tuple[str, str]] = set()

    def read(self, page: str) -> None:
        """Type all that a page has, in its order."""
        for one in commands_of(page):
            self.type(one)

    def type(self, one: Command) -> None:
        """Type one command; what was typed before is typed again only as a line of a block, and not in the project's folder."""
        text, found = without_comment(one.text), stands(one.page, one.text)
        assert found, f"{one}: nobody stands anywhere"
        if text in LISTED or self._stands_in(text):
            self._stand_in(text)
            return
        where = found[0]
        if text.partition(" ")[0] == "make":
            where = CLONE
        if (where, text) in self.typed and not (one.block and where != CLONE):
            return
        self.typed.add((where, text))
        if text in STARTED:
            getattr(self, STARTED[text])(text)
            return
        if text in NAMED and not one.block:
            text += " --help"
        self._before(where, text)
        answer = shlex.split(self.reader[where].typed(text))[2] if text.startswith("ppm erase ") and "--help" not in text else None
        code, said = self.reader[where].run(text, answer)
        assert code == 0, f"{one}\n{said}"
        assert re.search(SAYS.get(text, ""), said), f"{one}\n{said}"
        self._after(where, text, said)

    def _stands_in(self, text: str) -> bool:
        return text.startswith(("groupadd", "useradd")) and not AS_ROOT

    def _stand_in(self, text: str) -> None:
        """What a command would have done that needs a network: this environment's packages, in the operator's."""
        if text.startswith("pip install --require-hashes"):
            borrow(self.short / "env")

    def a_server(self, text: str) -> None:
        """Start it, see its page, stop it."""
        self.reader[CLONE].start(text).stop()

    def a_trial(self, text: str) -> None:
        """Start a trial, and open a terminal with the line that it prints."""
        trial = self.servers[text] = self.reader[CLONE].start(text)
        passwords = dict(re.findall(r"^ {4}(\w+) +(\w+-\w+-\w+-\w+)", trial.said, re.M))
        self.ana = self.shares(trial.address, "ppm-trial", passwords["ana"])
        (line,) = re.findall(r"(source .+)", trial.said)
        assert self.reader[TERMINAL].run(line)[0] == 0

    def a_hub(self, text: str) -> None:
        """Start the Hub with the settings that the operator's guide shows."""
        srv, port = self.short / "srv", free_port()
        folder = srv / "courses/ppm-2026"
        folder.mkdir(parents=True)
        (srv / "hub").mkdir(mode=0o700)
        (srv / "book").symlink_to(self.reader[OPERATOR].place / "_build/cohort/html")
        page = "book/operators-guide.md"
        (folder / "nbgrader_config.py").write_text(block_of(page, "python", "from patient_partner_mentor"), "utf-8")
        hub = block_of(page, "yaml", "url: http").replace(":8000/", f":{port}/").replace("facilitators:", "learners: [ana]\n    facilitators:")
        hub = re.sub(r"^ *(?:group|grader): .*\n", "", hub, flags=re.M)  # the tests' Python may lie where no other account can read it
        for name, content in (("hub.yml", hub), ("service.yml", block_of(page, "yaml", "store:"))):
            (srv / name).write_text(self.reader[OPERATOR].typed(content), "utf-8")
        Accounts(srv / "hub/accounts.json").set_password("ana", "blue boats and bread")
        server = self.reader[OPERATOR].start(text)
        self.servers[text] = server
        self.shares(f"http://127.0.0.1:{port}/", "ppm-2026", "blue boats and bread")

    def shares(self, url: str, course: str, password: str) -> Person:
        """Ana signs in, and shares the first module."""
        module, ana = self.course.modules[0], Person(url, course)
        assert ana.sign_in("ana", password)
        assert [ana.api("PUT", "consent", json=AGREED).status, ana.api("POST", f"share/{module.id}", json=hand_in(module)).status] == ["200", "200"]
        return ana

    def _before(self, where: str, text: str) -> None:
        if (where, text) == (TERMINAL, "nbgrader generate_feedback 1-patient-partner"):
            folder = self.reader[CLONE].place / "_cohort/course"
            score(folder, "ana", self.course.modules[0].steps[0].id, manual_comment=COMMENT)

    def _after(self, where: str, text: str, said: str) -> None:
        if (where, text) == (TERMINAL, "nbgrader release_feedback 1-patient-partner"):
            assert COMMENT in self.ana.api("GET", "comments/patient-partner").body.decode()
        if text.startswith("curl "):
            json.JSONDecoder().raw_decode(said)  # curl's own figures come after it

    def close(self) -> None:
        """Stop what runs, and take the system accounts away again."""
        for server in self.servers.values():
            server.interrupt()
        for server in self.servers.values():
            server.stop()
        if AS_ROOT and (OPERATOR, "groupadd ppm") in self.typed:
            subprocess.run(["userdel", "--remove", self.account], check=False, capture_output=True, timeout=60)
            subprocess.run(["groupdel", self.account.replace("grader-", "ppm-")], check=False, capture_output=True, timeout=60)


STARTED = {"make serve": "a_server", "make lab": "a_server", "make cohort": "a_trial", "jupyterhub -f deploy/jupyterhub_config.py": "a_hub"}


def borrow(environment: Path) -> None:
    """Give an environment what pip would have got: packages, programs and shared files of the one that the tests run in."""
    own = Path(sys.prefix)
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(str(next(own.glob("lib/python*/site-packages"))) + "\n", "utf-8")
    for name in ("share", "etc"):
        if (own / name).exists() and not (environment / name).exists():
            (environment / name).symlink_to(own / name)
    for program in (own / "bin").iterdir():
        there = environment / "bin" / program.name
        if program.is_file() and not program.is_symlink() and not there.exists() and program.name != "ppm":
            content = program.read_bytes()
            if content.startswith(b"#!") and str(own).encode() in content[:200]:
                there.write_bytes(content.replace(str(own).encode(), str(environment).encode()))
                there.chmod(0o755)


@pytest.fixture(scope="module")
def readers(book: Path, cohort_book: Path, course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    """The three, with both books built before."""
    short = Path(tempfile.mkdtemp(prefix="ppm-", dir="/tmp"))  # a socket's path may have some hundred letters
    found = Readers(tmp_path_factory.mktemp("readers"), short, course)
    try:
        yield found
    finally:
        found.close()
        shutil.rmtree(short, ignore_errors=True)


@pytest.mark.parametrize("page", sorted(STANDS, key=list(STANDS).index))
def test_every_command_of_a_guide(readers: Readers, page: str) -> None:
    """Each comes to a good end, and says what its guide says."""
    readers.read(page)


def test_a_command_that_does_not_work_is_noticed(readers: Readers) -> None:
    """A new line of a guide is typed like the others: one that fails, fails here."""
    (one,) = commands("README.md", "```console\nmake book && .venv/bin/ppm moon\n```\n")
    with pytest.raises(AssertionError, match="line 2: make book"):
        readers.type(one)


def test_the_operators_statements_are_postgresqls(tmp_path: Path) -> None:
    """What stands in the guide in SQL, as the administrator of a real one."""
    place = programs()
    if not place:
        pytest.skip("there is no PostgreSQL here, and apt cannot install it")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with running_postgres(Path(folder)):
            statements = block_of("book/operators-guide.md", "sql", "ALTER SYSTEM")
            command = [str(place / "psql"), "-h", folder, "-U", "ppm", "-v", "ON_ERROR_STOP=1", "ppm"]
            done = subprocess.run(command, input=statements, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
