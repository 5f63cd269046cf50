"""Which copies in a facilitators' folder are of what a learner took back: told by the times of hand-ins."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from patient_partner_mentor.cohort.removing import beside
from patient_partner_mentor.cohort.taken_back import of_history


def at(hour: int) -> str:
    return f"2026-11-24T{hour:02}:00:00.000001Z"


def hand_in(hour: int, **more: object) -> dict[str, object]:
    return {"user": "ana", "time": at(hour), **more}


def back(hour: int, when: int) -> dict[str, object]:
    return hand_in(hour, taken_back=True, took_back=at(when))


EXPIRED = hand_in(12, taken_back=True)
CASES = {
    "what was taken back": ([back(9, 10)], 9, True),
    "an earlier one, which the service does not know": ([back(9, 10)], 8, True),
    "a later one, which the service does not know": ([back(9, 10)], 11, False),
    "what was shared again": ([back(9, 10), hand_in(11)], 11, False),
    "the old one beside what was shared again": ([back(9, 10), hand_in(11)], 9, True),
    "what expired": ([back(9, 10), EXPIRED], 12, False),
    "what was taken back before something expired": ([back(9, 10), EXPIRED], 9, True),
    "one of two that were taken back at once": ([back(9, 11), back(10, 11)], 9, True),
    "shared by a clock that was ahead": ([back(15, 10)], 15, True),
    "what stands and is older than the last take-back": ([EXPIRED, back(13, 14)], 12, False),
    "one without a time": ([back(9, 10), hand_in(11)], None, True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_copy_is_told_by_its_time(case: str) -> None:
    history, hour, covered = CASES[case]
    [found] = of_history({"ana": history})
    assert found.covers(None if hour is None else datetime(2026, 11, 24, hour, 0, 0, 1)) is covered


@pytest.mark.parametrize("history", [[], [hand_in(9)], [EXPIRED], [hand_in(9, taken_back=True)]])
def test_nothing_is_removed_without_a_take_back(history: list[dict[str, object]]) -> None:
    """An older service says ``taken_back`` of both; then nothing is removed."""
    assert of_history({"ana": history}) == []


def test_what_stands_beside_is_this_modules(tmp_path: Path) -> None:
    """Another module's name may begin with this one's."""
    mine = tmp_path / "submitted/ana"
    names = [".1-a.0123ab", ".1-a-b.0123ab", ".1-a.b.0123ab", ".set-aside/1-a-0123abcd", ".set-aside/1-a-b-0123abcd", ".set-aside/1-a.b-0123abcd", "1-a", "1-a-b"]
    for name in names:
        (mine / name).mkdir(parents=True)
    half, aside = beside(mine / "1-a")
    assert [path.name for path in half] == [".1-a.0123ab"] and [path.name for path in aside] == ["1-a-0123abcd"]
    assert beside(tmp_path / "autograded/ana/1-a") == ([], [])
