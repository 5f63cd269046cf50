"""A real Hub as an operator sets it up, with the accounts and tokens that the attacks of ``tools/attack`` take."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from patient_partner_mentor.hub.accounts import Accounts
from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub
from tools.attack.target import Target

SCOPES = ["users:activity!user", "read:users:groups!user", "read:users:name!user", "access:services!service=course"]  # as of a learner's server
GUESSED_AT = ("cleo", "dina", "emil", "fred")  # learners with passwords whom nobody but a test of guesses signs in as
INVITED, INVITED_FACILITATOR = "iris", "gus"  # without passwords
_MORE = """
c.JupyterHub.services = [one | {{"api_token": {grader!r}}} if one["name"] == {course!r} else one for one in c.JupyterHub.services]
c.JupyterHub.services.append({{"name": "tokens", "api_token": {admin!r}}})
c.JupyterHub.load_roles.append({{"name": "tokens", "services": ["tokens"], "scopes": ["tokens", "admin:users"]}})
"""


@contextmanager
def attacked_hub(folder: Path, store: str = "") -> Iterator[Target]:
    """A Hub to be attacked, stopped at the end: ben attacks, and ana writes meanwhile.

    :param store: the store's address where it is not the file of a small Hub
    """
    admin, grader = secrets.token_hex(32), secrets.token_hex(32)
    course = {"folder": str(folder / "course"), "learners": ["ana", "ben", *GUESSED_AT, INVITED], "facilitators": ["fay", INVITED_FACILITATOR]}
    hub = ConfiguredHub(folder, {"courses": {COURSE: course}}, _MORE.format(admin=admin, grader=grader, course=COURSE))
    service = json.loads((folder / "service.json").read_text("utf-8"))
    (folder / "service.json").write_text(json.dumps(service | ({"store": store} if store else {})), "utf-8")
    passwords = dict.fromkeys(("ana", "ben", "fay", *GUESSED_AT), PASSWORD)
    for account in GUESSED_AT:
        accounts_of(folder).set_password(account, PASSWORD)
    try:
        hub.start()
        said = requests.post(f"{hub.url}hub/api/users/ben/tokens", headers={"Authorization": f"token {admin}"}, json={"scopes": SCOPES}, timeout=30)
        said.raise_for_status()
        yield Target(hub.url, COURSE, passwords, "ben", "ana", folder, grader, said.json()["token"])
    finally:
        hub.close()


def accounts_of(folder: Path) -> Accounts:
    """The accounts of the Hub in this folder."""
    return Accounts(folder / "state" / "accounts.json")
