"""Sign-in with passwords of our own, for trials and for Hubs without any other: a password for each account, and join links.

The Hub is the only one that reads and writes the accounts. The course service asks it for join links, with its own token.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.utils import url_path_join
from tornado.web import HTTPError
from traitlets import Int, List, Unicode

from ..interface import text
from . import first_links
from .accounts import LONGEST, SHORTEST, AccountError, Accounts
from .guesses import Guesses, TooMany, network_of
from .hub_settings import SERVICE
from .identity import plain_name
from .new_links import NewLinkHandler
from .passwords import PasswordHandler, end_sessions, refused_password
from .refusals import REASON
from .turns import Full, Turns

LOOKING = 1 if (os.cpu_count() or 1) < 4 else 2  # passwords that are looked at at once; the other processors are for the course
KNOWN_DAYS = 180  # so long a browser is known that somebody signed in with
SAID_AGAIN = 60  # seconds until the log says once more that the accounts cannot be used


class CourseAuthenticator(Authenticator):
    """Who knows the account's password is the account."""

    accounts_file = Unicode(help="The file of the passwords and join links.").tag(config=True)
    public_url = Unicode(help="Where people come to, if a server in front says where they come from.").tag(config=True)
    link_days = Int(14, help="How many days a join link works.").tag(config=True)

    trusted = List(Unicode(), help="Facilitators and operators: no course's link gives them a password.").tag(config=True)
    address = Unicode(help="The address that people use, for first links of these.").tag(config=True)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.accounts = Accounts(Path(self.accounts_file))
        self.guesses = Guesses()
        self._looking, self._turns = ThreadPoolExecutor(LOOKING, "passwords"), Turns(LOOKING)
        self._said: dict[str, float] = {}
        try:
            self._ended = self._let_in_by_hand()
        except (AccountError, OSError) as error:  # nobody could sign in, and an ended password would come back with the file
            self.log.critical("The Hub does not start. %s", error)
            sys.exit(1)

    async def authenticate(self, handler: Any, data: Any) -> str | None:  # type: ignore[override]  # a name alone is enough for the Hub
        """The account, if the password is its own. After too many tries, none is looked at for a while; see ``guesses``."""
        name, password = data.get("username") or "", data.get("password") or ""
        if len(name) > LONGEST or len(password) > LONGEST:
            return None
        account, address = self.normalize_username(name), self.address_of(handler.request)
        if not plain_name(account):
            return None
        if data.get("joined") is handler:  # a join link was used just now; a form has strings only, and can never say so
            return account
        known = handler.get_secure_cookie(_cookie(account), max_age_days=KNOWN_DAYS) == account.encode()
        try:
            self.guesses.take(account, address, known)
        except TooMany:
            raise HTTPError(429, text("hub.too_many_tries")) from None
        try:
            async with self._turns.turn(network_of(address), known):
                fits = await asyncio.get_running_loop().run_in_executor(self._looking, self.accounts.fits, account, password)
        except Exception as error:  # nobody has looked at it, so it was no guess
            self.guesses.forgive(account, address, known)
            if isinstance(error, Full):
                raise HTTPError(429, text("hub.sign_in_busy")) from None
            with self.needing_accounts():
                raise
        if not fits:
            return None
        self.guesses.forgive(account, address, known)
        secure = urlparse(self.public_url).scheme == "https"
        handler.set_secure_cookie(_cookie(account), account, expires_days=KNOWN_DAYS, path=handler.hub.base_url, httponly=True, samesite="Lax", secure=secure)
        return account

    def address_of(self, request: Any) -> str:
        """Where a request comes from. Without a server in front that says so, only what our own proxy saw counts."""
        if self.public_url:
            return str(request.remote_ip)
        seen = request.headers.get_list("X-Forwarded-For")
        return seen[-1].rpartition(",")[2].strip() if seen else str(request.remote_ip)

    def add_user(self, user: Any) -> None:
        """Let somebody in, or, when the Hub starts, everybody; whoever is signed in with a password that was ended is so no more."""
        super().add_user(user)
        if user.name in self._ended:
            user.cookie_id = orm.new_token()
            for token in list(user.api_tokens):
                user.api_tokens.remove(token)

    def _let_in_by_hand(self) -> list[str]:
        """Make sure that whoever runs courses has a password by the operator's hand, or a first link, and say in the log where."""
        if not self.trusted:
            return []
        path = self.accounts.path.with_name(first_links.NAME)
        ended = first_links.end_passwords(self.accounts, self.trusted)
        waiting = first_links.write_links(self.accounts, self.trusted, path, self.address, self.link_days)
        if ended:
            self.log.warning("These are facilitators or operators now, and their passwords came by a course's link. The passwords were ended: %s", ", ".join(ended))
        if waiting:
            self.log.warning("These have no password yet: %s. Give each their link in %s, and nobody else's", ", ".join(waiting), path)
        return ended

    async def delete_user(self, user: Any) -> None:
        """Forget the password and the links of an account that ends at the Hub: whoever has its name next is somebody else."""
        with self.needing_accounts():
            await asyncio.to_thread(self.accounts.end, user.name)
        super().delete_user(user)

    @contextmanager
    def needing_accounts(self) -> Iterator[None]:
        """Have whoever asks told when the accounts' file cannot be read or written.

        :raises HTTPError: 503 with a sentence for people, and with a header for the course service
        """
        try:
            yield
        except AccountError as error:
            refused = HTTPError(503, self.say(error))
            refused.headers = {REASON: "accounts"}
            raise refused from None

    def say(self, error: AccountError) -> str:
        """Say in the log what is wrong with the accounts' file, once a minute; what people read of it is given back."""
        now, sentence = time.monotonic(), str(error)
        if now - self._said.get(sentence, -SAID_AGAIN) >= SAID_AGAIN:
            self._said = {sentence: now}
            self.log.error("%s", sentence)
        return text("hub.accounts_away")

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The sign-in page, the page that a join link leads to, those to change a password and to look at a new link, and where the course service asks for links."""
        return [*super().get_handlers(app), (r"/join", JoinHandler), (r"/password", PasswordHandler), (r"/new-link", NewLinkHandler), (r"/api/join-links", LinksHandler)]


class JoinHandler(BaseHandler):
    """Where a join link leads: choose a password, and be in."""

    @property
    def accounts(self) -> Accounts:
        """The accounts."""
        return self.authenticator.accounts

    async def get(self) -> None:
        """Ask for a password."""
        key = self.get_query_argument("key", "")
        try:
            account = self.accounts.invited(key)
        except AccountError as error:
            return await self._page(key, None, self.authenticator.say(error), 503)
        await self._page(key, account)

    async def post(self) -> None:
        """Take it, and sign in."""
        key, password = self.get_body_argument("key", ""), self.get_body_argument("password", "", strip=False)
        try:
            account = self.accounts.invited(key)
        except AccountError as error:
            return await self._page(key, None, self.authenticator.say(error), 503)
        if account is None:
            return await self._page(key, None)
        if said := refused_password(account, password):
            return await self._page(key, account, said)
        try:
            joined = await asyncio.to_thread(self.accounts.join, key, password)
        except AccountError as error:  # a full disk, or a file that is damaged or busy; the link still works afterwards
            self.authenticator.say(error)
            return await self._page(key, account, text("hub.join_not_kept"), 503)
        if joined and (there := self.find_user(joined)):
            end_sessions(self, there)  # of whoever had the account's earlier password
        user = await self.login_user({"username": joined, "joined": self}) if joined else None
        if not user:
            return await self._page(key, None)
        self._jupyterhub_user = user
        self.redirect(self.get_next_url(user))

    async def _page(self, key: str, account: str | None, said: str = "", status: int = 400) -> None:
        self.set_header("Referrer-Policy", "no-referrer")  # the address holds the key
        self.set_header("Cache-Control", "no-store")
        if said or account is None:
            self.set_status(status if said else 404)
        signed_in = self.current_user.name if self.current_user else None
        self.finish(await self.render_template("join.html", key=key, account=account, said=said, signed_in=signed_in, shortest=SHORTEST))


class LinksHandler(APIHandler):
    """Where the course service has accounts made, put into a course's group, and given a join link. Nobody else may."""

    async def get(self) -> None:
        """Answer with the learners of a course, and whether each has chosen a password."""
        group = self._group(self.get_query_argument("course", ""))
        accounts = self.authenticator.accounts
        with self.authenticator.needing_accounts():
            found = [{"account": name, "joined": accounts.has_password(name)} for name in sorted(user.name for user in group.users)]
        self.write(json.dumps({"accounts": found}))

    async def post(self) -> None:
        """Do so for each account that was sent, all or none, and answer with what came of it."""
        data = self.get_json_body() or {}
        group = self._group(data.get("course"))
        if "renew" in data:
            with self.authenticator.needing_accounts():
                self.write(json.dumps({"accounts": [await self._renewed(data["renew"], group, data["course"], data.get("by"))]}))
            return
        names = data.get("accounts")
        if not isinstance(names, list) or not all(isinstance(name, str) and plain_name(name) for name in names):
            raise HTTPError(400)
        names = [self.authenticator.normalize_username(name) for name in names]
        if not all(self.authenticator.validate_username(name) for name in names):
            raise HTTPError(400)
        with self.authenticator.needing_accounts():
            await asyncio.to_thread(self.authenticator.accounts.check)  # before anything is done
            self.write(json.dumps({"accounts": await self._all(names, group, data["course"])}))

    async def _all(self, names: list[str], group: orm.Group, course: str) -> list[dict[str, Any]]:
        """Make the accounts, put them into the group, and give them links."""
        done, joining = [], []
        for name in names:
            done.append(self._one(name, course))
            joining += [] if done[-1]["why"] == "facilitator" else [name]
            await asyncio.sleep(0)  # others sign in meanwhile
        there = {user.name for user in group.users}
        group.users.extend(self.find_user(name).orm_user for name in dict.fromkeys(joining) if name not in there)
        self.db.commit()
        eligible = [one["account"] for one in done if not one["why"]]
        keys = await asyncio.to_thread(self.authenticator.accounts.make_links, eligible, self.authenticator.link_days, course)
        for one in done:
            if key := keys.get(one["account"]):
                one["link"] = url_path_join(self.hub.base_url, "join") + f"?key={key}"
            elif not one["why"]:
                one["why"] = "password"
        return done

    async def _renewed(self, name: object, group: orm.Group, course: str, by: object) -> dict[str, Any]:
        """Make a link for a learner of this course who has a password, or say why there is none. Others than this course's own learners get none."""
        if not all(isinstance(one, str) and plain_name(one) for one in (name, by)):
            raise HTTPError(400)
        there = self.find_user(str(name))
        if there is None or there.orm_user not in group.users:
            raise HTTPError(404)
        why = self._no_link(there, there.name, {one.name for one in there.groups}, course)
        key = None if why else await asyncio.to_thread(self.authenticator.accounts.renew, there.name, self.authenticator.link_days, course, str(by))
        return {"account": there.name, "new": False, "link": url_path_join(self.hub.base_url, "join") + f"?key={key}" if key else "", "why": why}

    def _group(self, course: object) -> orm.Group:
        """The group of a course's learners, for the course service alone."""
        asking = self.current_user
        if not isinstance(asking, orm.Service) or asking.name != SERVICE:
            raise HTTPError(403)
        group = orm.Group.find(self.db, name=f"nbgrader-{course}")
        if group is None:
            raise HTTPError(404)
        return group

    def _one(self, name: str, course: str) -> dict[str, Any]:
        """Make the account if there is none, and say why its learner gets no link of this course's.

        Only learners get one, by the course that invited them first: another course that adds them neither ends that link nor makes its own.
        """
        there = self.find_user(name)
        groups = {one.name for one in there.groups} if there else set()
        if f"formgrade-{course}" in groups:
            return {"account": name, "new": False, "link": "", "why": "facilitator"}
        if there is None:
            self.authenticator.accounts.end(name)  # what an earlier bearer of the name has left
            self.authenticator.add_user(self.user_from_username(name))
        return {"account": name, "new": there is None, "link": "", "why": self._no_link(there, name, groups, course) if there else ""}

    def _no_link(self, there: Any, name: str, groups: set[str], course: str) -> str:
        """Why another course, or nobody, makes an account's links; nothing when this course does."""
        others = groups - {f"nbgrader-{course}"}
        if there.admin or any(not one.startswith("nbgrader-") for one in others):
            return "other"
        if not others:
            return ""
        accounts = self.authenticator.accounts
        inviter = accounts.inviter(name)
        if inviter is None and len(groups) == 1:  # the settings put them there, and no link was made yet
            inviter = next(iter(groups)).removeprefix("nbgrader-")
            accounts.keep_inviter(name, inviter)
        if inviter == course:
            return ""
        return "invited" if inviter and not accounts.has_password(name) else "other"


def _cookie(account: str) -> str:
    """What the cookie of a browser is called that has signed in to an account; it names nobody."""
    return f"ppm-known-{hashlib.sha256(account.encode()).hexdigest()[:16]}"
