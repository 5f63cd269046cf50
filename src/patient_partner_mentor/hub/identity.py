"""Who asks: the Hub's word on a token or cookie, and the roles that its groups give. This is where the Hub is asked.

Group ``nbgrader-C`` makes a learner of course C, ``formgrade-C`` a facilitator; a Hub service with the course's name, or
one that the settings list as its grader, is a facilitator too.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated, UserNotAllowed
from tornado.web import HTTPError, RequestHandler

from .refusals import Refused
from .service_settings import CourseSettings

LONGEST_ID, REMEMBERED = 200, 10_000  # characters of a session's id; what the Hub said of so many
LEFT = 3600  # seconds; no word of the Hub's is kept longer
_left: dict[str, float] = {}  # digests of the tokens of browsers that have signed out
_NAME = re.compile(r"[\w][\w.@+-]{0,127}")


@dataclass(frozen=True)
class Identity:
    """Who asks, and what they are in which course.

    :param account: the Hub's name for the person or service
    """

    account: str
    learner_of: frozenset[str]
    facilitator_of: frozenset[str]

    @property
    def courses(self) -> list[str]:
        """The courses that this account belongs to."""
        return sorted(self.learner_of | self.facilitator_of)


def plain_name(name: str) -> bool:
    """Whether a name of an account may stand in an address and become a folder's name at a facilitator's."""
    return bool(_NAME.fullmatch(name))


def identity_of(model: Mapping[str, Any], courses: Mapping[str, CourseSettings]) -> Identity:
    """An account's roles, out of the Hub's model of it.

    :raises Refused: when its name cannot be used here
    """
    name, groups = model["name"], set(model.get("groups") or ())
    if not plain_name(name):
        raise Refused("not-yours")
    service = model.get("kind") == "service"
    return Identity(
        account=name,
        learner_of=frozenset(c for c in courses if f"nbgrader-{c}" in groups and not service),
        facilitator_of=frozenset(c for c, s in courses.items() if (service and (name == c or name in s.graders)) or f"formgrade-{c}" in groups),
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Known(HubOAuthenticated, RequestHandler):
    """A handler that knows who asks before it does anything. The Hub is asked without holding up anybody else."""

    who: Identity | None = None

    async def identify(self, cookies: bool) -> Identity | None:
        """Who asks, or nothing.

        :param cookies: whether a signed-in browser counts; else only a token in the Authorization header does
        :raises Refused: when the Hub does not admit this account to the service, or its name was somebody else's
        """
        auth = self.hub_auth
        self._look_at_keys()
        if cookies and self._signed_out():
            self._hub_auth_user_cache = self.who = None
            return None
        try:
            if cookies:
                model = await auth.get_user(self, sync=False)
            else:
                token = auth.get_token(self, in_cookie=False)
                model = await auth.user_for_token(token, sync=False) if token else None
                self._cached_hub_user = model
            self._hub_auth_user_cache = model = model and self.check_hub_user(dict(model))
        except UserNotAllowed:
            self._hub_auth_user_cache = None
            raise Refused("not-yours") from None
        except HTTPError:  # the Hub does not answer
            self._hub_auth_user_cache = None
            raise Refused("away") from None
        self.who = identity_of(model, self.settings["ppm"].settings.courses) if model else None
        if self.who and model.get("kind") != "service":
            token = auth.get_token(self) if cookies else auth.get_token(self, in_cookie=False)
            await self.settings["ppm"].people.check(token, self.who.account)
        return self.who

    async def signs_in(self) -> bool:
        """Whether the cookie or token of a request is somebody's, for a form whose own token stands in a body that was not read yet.

        Nothing may be done on the strength of this but to read the body: ``identify`` comes after it.
        """
        auth = self.hub_auth
        self._look_at_keys()
        token = None if self._signed_out() else auth.get_token(self)
        try:
            model = await auth.user_for_token(token, session_id=auth.get_session_id(self), sync=False) if token else None
            self.who = identity_of(model, self.settings["ppm"].settings.courses) if model and self.check_hub_user(dict(model)) else None
        except UserNotAllowed:
            raise Refused("not-yours") from None
        except HTTPError:
            raise Refused("away") from None
        return self.who is not None

    def _look_at_keys(self) -> None:
        """What the Hub said is remembered under the session's id, which anybody may make up: ids are short, and there are only so many.

        :raises Refused: for an id that no Hub ever gave
        """
        auth = self.hub_auth
        if len(auth.get_session_id(self) or "") > LONGEST_ID:
            raise Refused("sign-in")
        if len(auth.cache) > REMEMBERED:
            auth.cache = type(auth.cache)(auth.cache.max_age)

    def sign_out(self) -> None:
        """Take the browser's cookie, and admit its copies no more; the Hub's word on them is kept a while, and could be asked for again just now."""
        token, now = self.hub_auth.get_token(self), time.monotonic()
        for old in [one for one, at in _left.items() if now - at > LEFT]:
            del _left[old]
        if token and self.who:
            _left[_digest(token)] = now
        self.hub_auth.clear_cookie(self)

    def _signed_out(self) -> bool:
        """Whether the browser whose cookie this is a copy of has signed out."""
        token = self.hub_auth.get_token(self) if _left else None
        return bool(token) and _digest(str(token)) in _left

    def get_current_user(self) -> Any:
        """What ``identify`` found; the Hub is never asked from here, since that would hold up the loop."""
        return getattr(self, "_hub_auth_user_cache", None)


def connect_to_hub(cache_seconds: int) -> HubOAuth:
    """The one connection to the Hub, with its address and token from the environment that the Hub gives a service."""
    return HubOAuth.instance(cache_max_age=cache_seconds)


__all__ = ["HubOAuthCallbackHandler", "Identity", "Known", "connect_to_hub", "identity_of", "plain_name"]
