"""Guesses of passwords at a real Hub: few are looked at, and meanwhile the owner signs in, from elsewhere or by a join link.

Who comes from where is real: each stranger has a loopback address of their own. The round of ten thousand is 'make soak's::

    .venv/bin/python -m pytest -m soak -s tests/integration/test_guesses.py
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html import unescape

import pytest

from patient_partner_mentor.hub.guesses import AT_ONE_ACCOUNT, FROM_ONE_ADDRESS, OF_ONE_ADDRESS
from patient_partner_mentor.interface import text
from tests.attacked_hub import INVITED, INVITED_FACILITATOR, accounts_of
from tests.configured_hub import COURSE, PASSWORD
from tests.hub_running import until
from tools.attack.guesses import Form, guess, looked_at
from tools.attack.people import Answer, Person
from tools.attack.target import Seen, Target

WAIT = 10.0  # seconds in which somebody is in, on a machine with much else to do; behind a thousand others it would be a minute
HOME = "127.0.0.2"  # where owners are
MINUTE = 60.0


def failed(target: Target, account: str) -> int:
    """How many wrong passwords of an account the Hub says that it has looked at."""
    return (target.folder / "hub.log").read_text("utf-8").count(f"Failed login for {account!r}")


@contextmanager
def guessing(target: Target, account: str, addresses: list[str], each: int, at_once: int, seconds: float = 4 * MINUTE) -> Iterator[dict[str, Seen]]:
    """Strangers who guess while something goes on, all at once; what came back is whole at the end."""
    found: dict[str, Seen] = {}
    end = time.monotonic() + seconds

    def run(address: str) -> None:
        found[address] = guess(target, lambda _: account, each, end, address, at_once=at_once)

    threads = [threading.Thread(target=run, args=(address,)) for address in addresses]
    for one in threads:
        one.start()
    try:
        until(lambda: failed(target, account), "the first guess to be looked at")
        yield found
    finally:
        for one in threads:
            one.join()


def right(target: Target, account: str, address: str) -> Answer:
    """What comes back for the right password, from where guesses came."""
    with closing(Form(target, address)) as form:
        return form.answer(account, PASSWORD)


def in_time(target: Target, account: str, address: str = HOME) -> float:
    """Sign in from another address, and say how long it took."""
    start = time.monotonic()
    assert target.stranger(address).sign_in(account, PASSWORD)
    return time.monotonic() - start


def join(target: Target, account: str, course: str = "") -> float:
    """Join by a link, as long as it takes."""
    start, browser = time.monotonic(), target.stranger(HOME)
    page = browser.ask("GET", f"hub/join?key={accounts_of(target.folder).make_links([account], 1, course)[account]}")
    hidden = {name: unescape(re.search(rf'name="{name}" value="([^"]*)"', page.body.decode())[1]) for name in ("_xsrf", "key")}
    assert browser.ask("POST", "hub/join", data=hidden | {"password": PASSWORD}).status == "302"
    assert browser.ask("GET", f"services/course/{COURSE}/api/state", follow=True).status in ("200", "403")  # a browser's page would have a token
    return time.monotonic() - start


def test_of_hundreds_from_one_address_ten_are_looked_at_and_the_owner_is_in_meanwhile(attacked: Target) -> None:
    """The right password is refused behind them, with a sentence that says what to do; the owner signs in from another address."""
    with guessing(attacked, "cleo", ["127.0.1.1"], 400, 48) as found:
        assert in_time(attacked, "cleo") < WAIT
    assert looked_at(found["127.0.1.1"]) == failed(attacked, "cleo") == FROM_ONE_ADDRESS
    assert found["127.0.1.1"].answers["429"] == 400 - FROM_ONE_ADDRESS
    said = right(attacked, "cleo", "127.0.1.1")
    assert said.status == "429" and text("hub.too_many_tries") in unescape(said.body.decode())
    assert in_time(attacked, "cleo") < WAIT


def test_of_many_addresses_a_hundred_are_looked_at_and_a_browser_that_is_known_gets_in(attacked: Target) -> None:
    """All of them together; the owner's own browser is counted apart, also where the guesses come from."""
    browser = attacked.stranger("127.0.1.20")
    assert browser.try_password("dina", PASSWORD)
    with guessing(attacked, "dina", [f"127.0.1.{number}" for number in range(10, 23)], 20, 4) as found:
        until(lambda: failed(attacked, "dina") >= FROM_ONE_ADDRESS, "guesses")
        assert signs_in_again(browser, "dina") < WAIT
    assert sum(map(looked_at, found.values())) == failed(attacked, "dina") == AT_ONE_ACCOUNT
    assert not attacked.stranger("127.0.1.99").try_password("dina", PASSWORD)
    assert signs_in_again(browser, "dina") < WAIT


def signs_in_again(browser: Person, account: str) -> float:
    """Lose the session and sign in anew, in the same browser; how long it took."""
    start = time.monotonic()
    for one in list(browser.session.cookies):
        if not one.name.startswith("ppm-known"):
            browser.session.cookies.clear(one.domain, one.path, one.name)
    assert browser.try_password(account, PASSWORD)
    return time.monotonic() - start


@pytest.mark.parametrize(("account", "course"), [(INVITED, COURSE), (INVITED_FACILITATOR, "")])
def test_a_join_link_opens_while_strangers_guess(attacked: Target, account: str, course: str) -> None:
    """A learner's by a course, a facilitator's by the operator; it is no guess."""
    addresses = [f"127.0.2.{number}" for number in (1, 2, 3)]
    with guessing(attacked, account, addresses, 20, 8) as found:
        assert join(attacked, account, course) < WAIT
    assert sum(map(looked_at, found.values())) == failed(attacked, account) <= len(addresses) * FROM_ONE_ADDRESS


def test_other_names_make_nobody_forgotten_and_an_address_is_looked_at_sixty_times(attacked: Target) -> None:
    """Who has guessed at one account stays put off, however many other names come in between."""
    assert looked_at(guess(attacked, lambda _: "emil", 2 * FROM_ONE_ADDRESS, time.monotonic() + WAIT, "127.0.3.1")) == FROM_ONE_ADDRESS
    names = guess(attacked, lambda number: f"nobody{number}", 150, time.monotonic() + MINUTE, "127.0.3.1")
    assert looked_at(names) == OF_ONE_ADDRESS - FROM_ONE_ADDRESS
    guess(attacked, lambda number: f"nobody{number}", 70, time.monotonic() + MINUTE, "127.0.3.2")
    assert right(attacked, "emil", "127.0.3.1").status == "429"
    assert in_time(attacked, "emil") < WAIT


@pytest.mark.soak
def test_ten_thousand_at_once(attacked: Target) -> None:
    """In a minute, or as long as the machine takes; and then ten thousand names."""
    took: list[float] = []
    start = time.monotonic()
    with guessing(attacked, "fred", ["127.0.4.1"], 10_000, 48, 20 * MINUTE) as found:
        while len(took) < 20 and "127.0.4.1" not in found:
            took.append(in_time(attacked, "fred"))
    seconds = time.monotonic() - start
    seen = found["127.0.4.1"]
    print(f"\n{sum(seen.answers.values())} guesses in {seconds:.0f} s: {dict(seen.answers)}; the owner was in within {max(took):.2f} s, {len(took)} times")
    assert looked_at(seen) == failed(attacked, "fred") == FROM_ONE_ADDRESS
    assert sum(seen.answers.values()) == 10_000 and max(took) < WAIT
    answers: Counter[str] = Counter()
    for number in range(10):
        answers += guess(attacked, lambda one, number=number: f"other{number}-{one}", 1_010, time.monotonic() + 5 * MINUTE, f"127.0.5.{number + 1}").answers
    print(f"10,100 other names: {dict(answers)}")
    assert sum(answers.values()) == 10_100 and answers["403"] == 10 * OF_ONE_ADDRESS
    assert right(attacked, "fred", "127.0.4.1").status == "429"
    assert in_time(attacked, "fred") < WAIT
