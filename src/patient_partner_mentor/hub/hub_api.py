"""What the course service asks the Hub to do: accounts of learners, their group, and join links. With its own token only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientTimeout
from jupyterhub.httpclient import fetch
from jupyterhub.services.auth import HubAuth

from .refusals import REASON, Refused
from .roster import Person

TIMEOUT = ClientTimeout(total=120)  # seconds: two hundred accounts take a while on a busy disk


@dataclass(frozen=True)
class Member:
    """A learner of a course.

    :param joined: whether a password was chosen; nothing where the sign-in is not ours
    """

    account: str
    joined: bool | None = None


@dataclass(frozen=True)
class Added:
    """What came of one person: whether the account is new, the path of a join link, or why there is none."""

    account: str
    new: bool
    link: str = ""
    why: str = ""


class HubApi:
    """The Hub, asked with the service's token.

    :param links: whether the Hub makes join links, which is so where the passwords are ours
    """

    def __init__(self, auth: HubAuth, links: bool) -> None:
        self._auth, self._links = auth, links

    async def members(self, course: str) -> list[Member]:
        """The learners of a course.

        :raises Refused: when the Hub cannot be asked, or does not let the service
        """
        if self._links:
            found = await self._ask("GET", f"join-links?course={quote(course)}")
            return [Member(one["account"], one["joined"]) for one in found["accounts"]]
        return [Member(name) for name in sorted((await self._ask("GET", f"groups/nbgrader-{quote(course)}"))["users"])]

    async def add(self, course: str, people: tuple[Person, ...]) -> list[Added]:
        """Make accounts where there are none, and put all into the course. Doing it again adds nobody twice.

        :raises Refused: when the Hub cannot be asked, or does not let the service
        """
        names = [person.account for person in people]
        if self._links:
            made = await self._ask("POST", "join-links", {"course": course, "accounts": names})
            return [Added(**one) for one in made["accounts"]]
        made = await self._ask("POST", "users", {"usernames": names}, also=(409,))  # 409: there are all of them
        new = {one["name"] for one in made} if isinstance(made, list) else set()
        await self._ask("POST", f"groups/nbgrader-{quote(course)}/users", {"users": names})
        return [Added(name, name in new, why="elsewhere") for name in names]

    async def renew(self, course: str, account: str, by: str) -> Added:
        """Make a new link for a learner of this course who has a password.

        :param by: the facilitator who asks, of whom the learner is told
        :raises Refused: when the Hub cannot be asked, or does not let the service
        """
        made = await self._ask("POST", "join-links", {"course": course, "renew": account, "by": by})
        return Added(**made["accounts"][0])

    async def mark(self, account: str) -> str | None:
        """Which of an account's persons it has now; nothing where the Hub has no page for that.

        :raises Refused: when the Hub cannot be asked, or there is no such account any more
        """
        try:
            found = await self._ask("GET", f"person?account={quote(account)}", also=(404,))
        except Refused:
            raise Refused("away") from None
        if "mark" in found and not found["mark"]:
            raise Refused("sign-in")
        return found.get("mark")

    async def _ask(self, method: str, path: str, data: Any = None, also: tuple[int, ...] = ()) -> Any:
        headers = {"Authorization": f"token {self._auth.api_token}", "Content-Type": "application/json"}
        body = None if data is None else json.dumps(data)
        try:
            answer = await fetch(f"{self._auth.api_url}/{path}", method=method, headers=headers, data=body, timeout=TIMEOUT, allow_redirects=False, raise_for_status=False)
            said = await answer.read()
        except (ClientError, OSError):  # a time that is up is an OSError too
            raise Refused("away") from None
        if answer.status in also:
            return {}
        if answer.status == 503 and answer.headers.get(REASON) == "accounts":
            raise Refused("accounts")
        if answer.status >= 300:
            raise Refused("away" if answer.status >= 500 else "roster")
        return json.loads(said)
