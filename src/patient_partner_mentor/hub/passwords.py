"""The Hub's page "Change my password", for everybody whose password is the course's own, and what ends with an old password."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers.base import BaseHandler
from tornado.web import authenticated

from ..interface import text
from .accounts import LONGEST, SHORTEST, AccountError
from .easy_passwords import easy


def refused_password(account: str, password: str) -> str:
    """Why this cannot be the account's password, in words for its owner; nothing when it can."""
    if not SHORTEST <= len(password) <= LONGEST:
        return text("hub.join_length", shortest=SHORTEST, longest=LONGEST)
    if easy(password, account):
        return text("hub.join_easy")
    return ""


def end_sessions(handler: BaseHandler, user: Any) -> None:
    """End every sign-in of a person but that of the browser which asks, with all tokens that came of it.

    What the person's own server runs with stays: it is no way in. The course service hears of it when it next asks the Hub.
    """
    here = handler.get_session_cookie()
    servers = {found.id for one in user.spawners.values() if one.api_token and (found := orm.APIToken.find(handler.db, one.api_token))}
    for token in list(user.orm_user.api_tokens):
        if token.id not in servers and not (here and token.session_id == here):
            handler.db.delete(token)
    user.orm_user.cookie_id = orm.new_token()  # which every cookie of the Hub's names
    handler.db.commit()


class PasswordHandler(BaseHandler):
    """Where people change their password. The old one is needed, since a browser is left open sometimes."""

    @authenticated
    async def get(self) -> None:
        """Ask for the old password and the new one."""
        await self._page()

    @authenticated
    async def post(self) -> None:
        """Change it, and sign out all other browsers."""
        user = self.current_user
        old, new = (self.get_body_argument(name, "", strip=False) for name in ("old", "password"))
        if said := refused_password(user.name, new):
            return await self._page(said, "new")
        if not await self.authenticator.authenticate(self, {"username": user.name, "password": old}):  # it counts guesses
            return await self._page(text("hub.old_wrong"), "old")
        try:
            await asyncio.to_thread(self.authenticator.accounts.change_password, user.name, new)
        except AccountError as error:
            self.authenticator.say(error)
            return await self._page(text("hub.not_kept"), status=503)
        end_sessions(self, user)
        self.set_hub_cookie(user)
        self.log.info("A password was changed by its owner.")
        await self._page(changed=True)

    async def _page(self, said: str = "", where: str = "", status: int = 400, changed: bool = False) -> None:
        self.set_header("Cache-Control", "no-store")
        if said:
            self.set_status(status)
        account = self.current_user.name
        self.finish(await self.render_template("password.html", account=account, said=said, where=where, changed=changed, shortest=SHORTEST))
