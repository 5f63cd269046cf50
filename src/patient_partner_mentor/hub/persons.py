"""An account is a person: whatever class signs people in, the course service can ask which of an account's bearers this one is.

An account that was deleted and added again is a new row of the Hub's users, and so has a new mark: see ``people.py``.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import entry_points
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets.utils.importstring import import_item

from ..errors import CurriculumError
from .hub_settings import SERVICE


class Persons(Authenticator):
    """What every class that signs people in has besides its own: the page for the course service."""

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """Its own pages, and ours."""
        return [*super().get_handlers(app), (r"/api/person", PersonHandler)]


class PersonHandler(APIHandler):
    """Where the course service asks for the mark of an account's person. Nobody else may."""

    async def get(self) -> None:
        """Answer with the mark, or with none when there is no such account any more."""
        asking = self.current_user
        if not isinstance(asking, orm.Service) or asking.name != SERVICE:
            raise HTTPError(403)
        user = orm.User.find(self.db, self.get_query_argument("account", ""))
        if user:
            self.db.refresh(user)  # a row that was just made has its time in another form than the database gives it
        self.write(json.dumps({"mark": mark_of(user) if user else None}))


def mark_of(user: orm.User) -> str:
    """What only this row of the Hub's users has: a number may be given again, and its time is then another one."""
    return hashlib.sha256(f"{user.id} {user.name} {user.created}".encode()).hexdigest()[:32]


def with_persons(name: str) -> type[Authenticator]:
    """The class that signs people in, with our page in it.

    :param name: as JupyterHub knows it (``pam``), or a class with its module
    :raises CurriculumError: when there is no such class
    """
    known = {one.name.lower(): one for one in entry_points(group="jupyterhub.authenticators")}
    try:
        found = known[name.lower()].load() if name.lower() in known else import_item(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise CurriculumError(f"'sign_in: by' names {name}, and that cannot be loaded ({type(error).__name__}). Install its package where the Hub runs, or mend the name.") from None
    if not (isinstance(found, type) and issubclass(found, Authenticator)):
        raise CurriculumError(f"'sign_in: by' names {name}, and that is no Authenticator of JupyterHub's. Name a class such as oauthenticator.generic.GenericOAuthenticator.")
    return type(found.__name__, (Persons, found), {"__module__": __name__, "__doc__": found.__doc__})
