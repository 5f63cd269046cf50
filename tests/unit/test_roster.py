"""A pasted list: what is understood of each line, and what is said of lines that are not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from patient_partner_mentor.hub.accounts import AccountError, Accounts
from patient_partner_mentor.hub.identity import plain_name
from patient_partner_mentor.hub.roster import Person, Problem, read_roster


@pytest.mark.parametrize(
    ("line", "account", "name", "email"),
    [
        ("Ana Example <ana@example.org>", "ana.example", "Ana Example", "ana@example.org"),
        ("Example, Ana; ana@example.org", "example.ana", "Example Ana", "ana@example.org"),
        ("Ana\tExample\tana@example.org", "ana.example", "Ana Example", "ana@example.org"),
        ("ana@example.org", "ana", "", "ana@example.org"),
        ("<ana@example.org>", "ana", "", "ana@example.org"),
        ('"Ana Example" ana@example.org,', "ana.example", "Ana Example", "ana@example.org"),
        ("ana", "ana", "", ""),
        ("Ana", "ana", "", ""),
        ("José Núñez", "jose.nunez", "José Núñez", ""),
        ("王梅 <mei@example.org>", "mei", "王梅", "mei@example.org"),
        ("mei = 王梅", "mei", "王梅", ""),
        ("Ana2 = Ana Example <ana@example.org>", "ana2", "Ana Example", "ana@example.org"),
        ("Seán O’Neil-Smith", "sean.oneil.smith", "Seán O’Neil-Smith", ""),
    ],
)
def test_a_line_is_understood(line: str, account: str, name: str, email: str) -> None:
    """Names and addresses in any order; accounts are plain words."""
    assert read_roster(line).people == (Person(1, account, name, email),)


def test_where_others_look_after_sign_in_the_address_is_the_account() -> None:
    """An OAuth service knows people by it."""
    assert [one.account for one in read_roster("Ana Example <Ana@Example.org>\nben", by="email").people] == ["ana@example.org", "ben"]


def test_headings_and_empty_lines_are_no_people() -> None:
    """A spreadsheet's first line is passed over, and the numbers stay those of the pasted text."""
    assert [(one.line, one.account) for one in read_roster("Name,E-mail\n\nAna Example,ana@example.org\n  \nben\n").people] == [(3, "ana.example"), (5, "ben")]


@pytest.mark.parametrize(
    ("pasted", "problem"),
    [
        ("ana\nana", Problem(2, "same_account", 1)),
        ("Ana A <a@example.org>\nBen B <A@example.org>", Problem(2, "same_email", 1)),
        ("a@example.org b@example.org", Problem(1, "two_emails")),
        ("Ana ana@example", Problem(1, "email")),
        ("王梅", Problem(1, "no_account")),
        ("!!!", Problem(1, "no_account")),
        ("../x = Ana", Problem(1, "account")),
        ("x" * 201, Problem(1, "long_line")),
        ("an\u200ba", Problem(1, "odd_letters")),
        ("ana\x00", Problem(1, "odd_letters")),
        ("\n".join(f"p{number}" for number in range(201)), Problem(201, "too_many")),
        ("x" * 100_001, Problem(0, "too_long")),
    ],
)
def test_a_line_that_cannot_be_is_named_by_its_number(pasted: str, problem: Problem) -> None:
    """With what is the matter, in the interface's words."""
    assert problem in read_roster(pasted).problems


@given(st.text(max_size=300))
def test_whatever_is_pasted_gives_plain_accounts_or_problems(pasted: str) -> None:
    """Nothing is lost without a word, and no account has a name that a path or an address could trip over."""
    found = read_roster(pasted)
    for one in found.people:
        assert plain_name(one.account) and "/" not in one.account and not one.account.startswith(".")
    lines = {one.line for one in (*found.people, *found.problems)}
    assert all(number in lines or not line.strip() or "," in line or ";" in line or "|" in line or "\t" in line for number, line in enumerate(pasted.splitlines(), 1))


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Accounts in a file of their own."""
    return Accounts(tmp_path / "state" / "accounts.json")


def test_a_join_link_works_once(accounts: Accounts) -> None:
    """It shows whose it is as often as one looks, and is used up by a password."""
    key = accounts.make_link("ana", 14)
    assert accounts.invited(key) == accounts.invited(key) == "ana"
    assert accounts.join(key, "blue boats and bread") == "ana"
    assert accounts.fits("ana", "blue boats and bread")
    assert accounts.invited(key) is None
    assert accounts.join(key, "another one entirely") is None
    assert not accounts.fits("ana", "another one entirely")


def test_no_link_opens_an_account_that_has_a_password(accounts: Accounts) -> None:
    """So that whoever prints the links cannot read what a learner keeps; an operator can forget a password, and it shows."""
    accounts.set_password("ana", "blue boats and bread")
    with pytest.raises(AccountError, match="has a password already"):
        accounts.make_link("ana", 14)
    old = accounts.make_link("ben", 14)
    accounts.set_password("ben", "blue boats and bread")
    assert accounts.invited(old) is None
    accounts.forget("ana")
    assert not accounts.fits("ana", "blue boats and bread")
    assert accounts.invited(accounts.make_link("ana", 14)) == "ana"


def test_a_newer_link_ends_the_older_and_days_end_it_too(accounts: Accounts) -> None:
    """Of one account only the newest works."""
    first, second = accounts.make_link("ana", 14), accounts.make_link("ana", 14)
    assert (accounts.invited(first), accounts.invited(second)) == (None, "ana")
    over = accounts.make_link("ben", 0)
    assert accounts.invited(over) is None


def test_the_file_gives_nothing_away(accounts: Accounts) -> None:
    """Neither a password nor a key stands in it, and nobody else may read it."""
    key = accounts.make_link("ben", 14)
    accounts.set_password("ana", "blue boats and bread")
    content = accounts.path.read_text("utf-8")
    assert "blue" not in content and key not in content
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    accounts.path.write_text("{", "utf-8")
    with pytest.raises(AccountError, match="cannot be read"):
        accounts.fits("ana", "blue boats and bread")


def test_an_account_that_is_not_there_has_no_password(accounts: Accounts) -> None:
    """Not even an empty one."""
    assert not accounts.fits("nobody", "")
    assert not accounts.fits("nobody", "\ud800")
