"""The tool of attacks: it goes nowhere but to this computer, every attack says what should be seen, and a table says whether it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.attack.neighbor import Save
from tools.attack.people import NotLoopback, Person, on_this_computer
from tools.attack.rounds import Row, chosen, table
from tools.attack.target import ATTACKS, Seen, Target

ELSEWHERE = [
    "http://example.org/", "https://10.0.0.1/", "http://192.168.1.2:8000", "http://0.0.0.0:8000/", "http://127.0.0.1.example.org/", "http://example.org/?127.0.0.1",
    "http://127.0.0.1@example.org/", "http://2130706433/", "http://[::]/", "ftp://127.0.0.1/", "127.0.0.1:8000", "", "http://localhost.example.org/", "http://128.0.0.1/",
]  # fmt: skip
FOLDER = Path("nowhere")


def _target(url: str = "http://127.0.0.1:9/", grader: str = "x") -> Target:
    return Target(url, "c", {"ben": "b", "ana": "a"}, "ben", "ana", FOLDER, grader)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_nothing_but_this_computer_is_attacked(url: str) -> None:
    """Neither as a target nor by a person of it; names are not looked up."""
    for make in (on_this_computer, _target, lambda one: Person(one, "c")):
        with pytest.raises(NotLoopback):
            make(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8100/", "http://127.0.0.2:8100", "https://localhost/x/", "http://[::1]:8100/"])
def test_this_computer_is(url: str) -> None:
    """With a slash at the end."""
    assert on_this_computer(url).endswith("/")


def test_the_command_refuses_before_anything_is_sent() -> None:
    """One sentence, and an exit code that is not that of a fault found."""
    done = subprocess.run([sys.executable, "-m", "tools.attack", "http://example.org/", "--folder", "nowhere"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2) and "nowhere" in done.stderr and "Traceback" not in done.stderr


def test_every_attack_says_what_it_tries_and_what_should_be_seen() -> None:
    """A docstring, an expectation, a name of its own."""
    assert len(chosen(_target())) >= 20
    assert len({one.name for one in ATTACKS}) == len(ATTACKS)
    assert all(one.should and (one.run.__doc__ or "").endswith(".") for one in ATTACKS)
    without = {one.name for one in chosen(_target(grader=""))}
    assert "bombs" not in without and "quotes that never end" in without
    assert [one.name for one in chosen(_target(), ["bombs"])] == ["bombs"]


def _row(seen: Seen, took: float = 0.1, status: str = "200", grown: float = 0.0) -> Row:
    return Row(chosen(_target())[0], seen, [Save(0, took, status)], grown)


def test_what_does_not_hold_is_said() -> None:
    """A wrong answer, a neighbor who waits or loses a save, memory that grows: each by itself is a fault, and none of them is not."""
    good = Seen()
    good.answers["400"] += 3
    assert _row(good.only({"400"})).faults == []
    wrong = Seen()
    wrong.answers["500"] += 1
    faulty = [_row(wrong.only({"400"})), _row(Seen(), took=1.2), _row(Seen(), status="503"), _row(Seen(), grown=151), _row(Seen().must(False, "somebody else's words"))]
    assert [len(row.faults) for row in faulty] == [1] * 5
    assert "0 of 5 attacks held off" in table(faulty) and table(faulty).count("NOT HELD") == 5
