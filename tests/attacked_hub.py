"""A real Hub as an operator sets it up, with the accounts and tokens that the attacks of ``tools/attack`` take."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub
from tools.attack.target import Target

SCOPES = ["users:activity!user", "read:users:groups!user", "read:users:name!user", "access:services!service=course"]  # as of a learner's server
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
    hub = ConfiguredHub(folder, {}, _MORE.format(admin=admin, grader=grader, course=COURSE))
    service = json.loads((folder / "service.json").read_text("utf-8"))
    (folder / "service.json").write_text(json.dumps(service | ({"store": store} if store else {})), "utf-8")
    try:
        hub.start()
        said = requests.post(f"{hub.url}hub/api/users/ben/tokens", headers={"Authorization": f"token {admin}"}, json={"scopes": SCOPES}, timeout=30)
        said.raise_for_status()
        passwords = dict.fromkeys(("ana", "ben", "fay"), PASSWORD)
        yield Target(hub.url, COURSE, passwords, "ben", "ana", folder, grader, said.json()["token"])
    finally:
        hub.close()
