"""The Hub's page about a new link: a facilitator made one for somebody who has a password, and that person is told, and can end it."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from jupyterhub.handlers.base import BaseHandler
from tornado.web import HTTPError, authenticated

from ..cards import day
from .accounts import AccountError, Accounts


class NewLinkHandler(BaseHandler):
    """Tells whoever is signed in of a new link to their account. Their pages in the course ask here, too, and get JSON."""

    @property
    def accounts(self) -> Accounts:
        """The accounts."""
        return self.authenticator.accounts

    async def get(self) -> None:
        """Answer with the page; or with who made a link and when, for a page that asks."""
        if self.request.headers.get("Accept") != "application/json":
            return await self._page()
        if not self.current_user:
            raise HTTPError(403)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"link": self._found()}))

    @authenticated
    async def post(self) -> None:
        """End the link and the word of it, and go on to the course."""
        with self.authenticator.needing_accounts():
            await asyncio.to_thread(self.accounts.end_renewed, self.current_user.name)
        self.redirect(self.get_next_url(self.current_user))

    def _found(self) -> dict[str, Any] | None:
        try:
            return self.accounts.renewed(self.current_user.name)
        except AccountError as error:  # the pages that need the list say so
            self.authenticator.say(error)
            return None

    @authenticated
    async def _page(self) -> None:
        self.set_header("Cache-Control", "no-store")
        found = self._found() or {}
        days = {name: day(datetime.fromisoformat(found[name]).date()) for name in ("made", "used") if found.get(name)}
        self.finish(await self.render_template("new_link.html", by=found.get("by"), made=days.get("made"), used=days.get("used")))
