"""Guesses of passwords: counted before they are looked at, by account and address, and no flood makes anybody forgotten."""

from __future__ import annotations

import pytest

from patient_partner_mentor.hub import guesses
from patient_partner_mentor.hub.easy_passwords import easy
from patient_partner_mentor.hub.guesses import AT_ONE_ACCOUNT, FROM_ONE_ADDRESS, OF_ONE_ADDRESS, WINDOW, Guesses, TooMany, network_of


class Time:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def taken(found: Guesses, count: int, account: str = "ana", address: str = "10.0.0.1", known: bool = False) -> int:
    """How many of so many tries are looked at."""
    looked_at = 0
    for _ in range(count):
        try:
            found.take(account, address, known)
            looked_at += 1
        except TooMany:
            pass
    return looked_at


def test_a_stranger_is_put_off_and_the_owner_is_not() -> None:
    """By the address; another one, and a browser that signed in before, are counted apart."""
    found = Guesses(Time())
    assert taken(found, 1_000) == FROM_ONE_ADDRESS
    assert taken(found, 1, address="10.0.0.2") == 1
    assert taken(found, 1_000, known=True) == FROM_ONE_ADDRESS


def test_an_account_is_guessed_at_from_many_addresses_so_often_and_no_more() -> None:
    """Whoever has many addresses meets the account's own limit; a browser that is known does not."""
    found = Guesses(Time())
    assert sum(taken(found, 20, address=f"10.0.{one}.1") for one in range(100)) == AT_ONE_ACCOUNT
    assert taken(found, 1, address="10.9.9.9") == 0
    assert taken(found, 1, address="10.9.9.9", known=True) == 1


def test_one_address_guesses_at_all_accounts_so_often_and_no_more() -> None:
    """However many names there are."""
    found = Guesses(Time())
    assert sum(taken(found, 1, account=f"p{one}") for one in range(500)) == OF_ONE_ADDRESS


def test_what_came_right_is_no_guess_and_time_heals() -> None:
    """Forty people behind one address sign in one after the other; who was put off is let in again after a while."""
    clock = Time()
    found = Guesses(clock)
    for one in range(300):
        found.take(f"p{one}", "10.0.0.1", False)
        found.forgive(f"p{one}", "10.0.0.1", False)
    assert taken(found, 100) == FROM_ONE_ADDRESS
    clock.now = WINDOW
    assert taken(found, 1) == 1


def test_a_flood_of_names_makes_nobody_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no more can be counted, strangers are put off, and the account that is guessed at stays counted."""
    monkeypatch.setattr(guesses, "MOST", 500)
    found = Guesses(Time())
    assert taken(found, 100) == FROM_ONE_ADDRESS
    for one in range(2_000):
        taken(found, 1, account=f"p{one}", address=f"10.{one // 250}.{one % 250}.1")
    assert taken(found, 100) == 0
    assert len(found._tries) <= 500 + 3  # noqa: SLF001 - there is no other way to see what is kept


@pytest.mark.parametrize(
    ("address", "place"),
    [("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff:1", "2001:db8::/64"), ("::ffff:10.0.0.1", "10.0.0.1"), ("", "unknown"), ("x" * 99, "unknown")],
)
def test_an_ipv6_address_is_its_network(address: str, place: str) -> None:
    """Whoever has one of them has all of them."""
    assert network_of(address) == place


@pytest.mark.parametrize(
    "password",
    ["password12", "Password123!", "p@ssw0rd2026", "qwertyuiop", "1234567890", "abcdefghij", "aaaaaaaaaaaa", "abcabcabcabc", "ana.example1", "ANA.EXAMPLE99", "letmein2026", "welcome1234", "iloveyou!!", "summer2026", "asdfghjkl1", "0000000000", "patient2026"],
)
def test_what_is_guessed_first_is_not_taken(password: str) -> None:
    """Words that everybody thinks of, rows of keys, one thing again and again, the account's own name."""
    assert easy(password, "ana.example")


@pytest.mark.parametrize("password", ["yellow boats and a little bread", "amber-kettle-plum-river", "Kx7#mQv2!w", "meine Oma backt Brot", "我的外婆每天都做面包给我吃"])
def test_what_people_choose_is_taken(password: str) -> None:
    """Some words in a row, in any language, or signs at random."""
    assert not easy(password, "ana.example")
