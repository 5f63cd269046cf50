"""Passwords and join links, in one file that only its owner may read. No password and no link can be read out of it.

A join link works once, until its day is over, and only for an account that has no password of its own yet: whoever
prints the links cannot open what a learner has written since. The course that invites somebody first goes on making their
links, and by which course's link a password came is kept with it. Nothing of JupyterHub is imported here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from ..errors import CourseError
from ..whole_file import remove_drafts, write_whole

SHORTEST, LONGEST = 10, 200
WAIT = 30  # seconds for another program that writes the file
_COST = {"n": 2**14, "r": 8, "p": 1}


class AccountError(CourseError):
    """The accounts' file cannot be read or written just now, and is as it was; or a link cannot be made."""


def _of_day(text: str) -> str:
    """The text, if it is a time with its zone."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("this has no time zone")
    return text


class _AsKept(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")  # what a later version wrote is kept


class _Link(_AsKept):
    account: str
    ends: Annotated[str, AfterValidator(_of_day)]


class _Renewed(_AsKept):
    by: str
    made: Annotated[str, AfterValidator(_of_day)]
    used: Annotated[str, AfterValidator(_of_day)] | None = None


class _Kept(_AsKept):
    """The file's shape: passwords, salted; links by the digests of their keys; the courses that invited, by whose link one came, and new links."""

    passwords: dict[str, Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{2})+\$[0-9a-f]+$")]] = {}
    links: dict[str, _Link] = {}
    invited: dict[str, str] = {}
    by: dict[str, str] = {}
    renewed: dict[str, _Renewed] = {}


class Accounts:
    """The accounts' file.

    :param path: made when there is none, mode 0600
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def fits(self, account: str, password: str) -> bool:
        """Whether this is the account's password; it takes as long for an account that there is not."""
        kept = self._read()["passwords"].get(account)
        salt, digest = kept.split("$") if kept else ("00" * 16, "")
        return hmac.compare_digest(_digest(salt, password), digest) and kept is not None

    def has_password(self, account: str) -> bool:
        """Whether the account has a password already."""
        return account in self._read()["passwords"]

    def known(self, account: str) -> bool:
        """Whether the account has a password or a link."""
        data = self._read()
        return account in data["passwords"] or any(link["account"] == account for link in data["links"].values())

    def inviter(self, account: str) -> str | None:
        """The course whose facilitators make this account's join links; nothing where no course has invited it."""
        found = self._read()["invited"].get(account)
        return str(found) if found else None

    def keep_inviter(self, account: str, course: str) -> None:
        """Have this course make the account's links, before another one adds it too."""
        with self._changed() as data:
            data["invited"][account] = course

    def came_by(self, account: str) -> str | None:
        """The course by whose link the account's password was set; nothing for one that the operator let in."""
        found = self._read()["by"].get(account)
        return str(found) if found else None

    def set_password(self, account: str, password: str) -> None:
        """Give the account this password in place of any other; its links end."""
        with self._changed() as data:
            data["passwords"][account] = _salted(password)
            data["by"].pop(account, None)
            _end_links(data, account)

    def change_password(self, account: str, password: str) -> None:
        """Give the account the password that its owner chose in place of the one that they know; its links end. By whose link they came stays known."""
        with self._changed() as data:
            data["passwords"][account] = _salted(password)
            _end_links(data, account)

    def forget(self, account: str) -> None:
        """Take the password away, so that a link can be made again."""
        with self._changed() as data:
            data["passwords"].pop(account, None)
            data["by"].pop(account, None)
            _end_links(data, account)

    def end(self, account: str) -> None:
        """Take away all that the account has here, since it is nobody's any more."""
        if self.known(account) or self.inviter(account):
            with self._changed() as data:
                for kept in ("passwords", "by", "invited"):
                    data[kept].pop(account, None)
                _end_links(data, account)

    def make_link(self, account: str, days: int) -> str:
        """A new key to join with, in place of the account's others.

        :raises AccountError: when the account has a password already
        """
        made = self.make_links([account], days)
        if account not in made:
            raise AccountError(f"{account} has a password already, so there is no new link.")
        return made[account]

    def make_links(self, accounts: Iterable[str], days: int, course: str = "") -> dict[str, str]:
        """New keys to join with, in place of the accounts' others, for those of them that have no password yet.

        :param course: whose facilitators asked for them; nothing for the operator
        """
        ends = (datetime.now(UTC) + timedelta(days)).isoformat()
        with self._changed() as data:
            made = {account: secrets.token_urlsafe(24) for account in accounts if account not in data["passwords"]}
            links = {name: link for name, link in data["links"].items() if link["account"] not in made and _lasts(link)}
            data["links"] = links | {_name(key): {"account": account, "ends": ends, "course": course} for account, key in made.items()}
            if course:
                data["invited"] |= dict.fromkeys(made, course)
        return made

    def invited(self, key: str) -> str | None:
        """Whose key this is, if it is still of use. Looking does not use it up: mail programs look at links too."""
        link = self._read()["links"].get(_name(key))
        return link["account"] if link and _lasts(link) else None

    def join(self, key: str, password: str) -> str | None:
        """Use the key up and set the password; whose it was, or nothing when it was of no use any more."""
        with self._changed() as data:
            link = data["links"].pop(_name(key), None)
            if not link or not _lasts(link):
                return None
            data["passwords"][link["account"]] = _salted(password)
            data["by"] |= {link["account"]: link["course"]} if link.get("course") else {}
            if renewed := data["renewed"].get(link["account"]):
                renewed["used"] = datetime.now(UTC).isoformat()
        return str(link["account"])

    def renew(self, account: str, days: int, course: str, by: str) -> str | None:
        """A key for somebody who has a password and forgot it, in place of the account's other links; nothing where there is no password.

        The password stays until the key is used. The account's owner is told of it: see ``renewed``.

        :param course: whose facilitator asked for it; :param by: that facilitator's account
        """
        now, key = datetime.now(UTC), secrets.token_urlsafe(24)
        with self._changed() as data:
            if account not in data["passwords"]:
                return None
            _end_links(data, account)
            data["links"][_name(key)] = {"account": account, "ends": (now + timedelta(days)).isoformat(), "course": course}
            data["renewed"][account] = {"by": by, "made": now.isoformat(), "used": None}
        return key

    def renewed(self, account: str) -> dict[str, Any] | None:
        """What the account's owner is to be told of a new link: who made it (``by``), when it was ``made`` and ``used``; nothing when there is none."""
        data = self._read()
        found = data["renewed"].get(account)
        waits = any(link["account"] == account and _lasts(link) for link in data["links"].values())
        return dict(found) if found and (found["used"] or waits) else None

    def end_renewed(self, account: str) -> None:
        """End a new link that waits, and with it the word of it: its owner has seen it, or never asked for it."""
        if self.renewed(account):
            with self._changed() as data:
                _end_links(data, account)

    def check(self) -> None:
        """Make sure that the file can be read, and written as it is, before something is begun that needs it.

        :raises AccountError: when it cannot
        """
        with self._changed():
            pass

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """What is kept, to be changed, and written when the caller is done with it.

        :raises AccountError: when it cannot be read or written; then the file is as it was
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", mode=0o600, timeout=WAIT):
                data = self._read()
                yield data
                remove_drafts(self.path)  # of a Hub that was killed; we hold the lock
                write_whole(self.path, json.dumps(data))
        except Timeout:
            raise AccountError(f"The file of the accounts, {self.path}, was kept busy for {WAIT} seconds. Look for another program that holds {self.path}.lock, and end it.") from None
        except OSError as error:
            raise AccountError(
                f"The file of the accounts, {self.path}, cannot be written ({error.strerror}). It is as it was. Make room on its disk, or let the Hub's own account write its folder."
            ) from None

    def _read(self) -> dict[str, Any]:
        try:
            return _Kept.model_validate_json(self.path.read_bytes()).model_dump()
        except FileNotFoundError:
            return _Kept().model_dump()
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise AccountError(
                f"The file of the accounts, {self.path}, cannot be read ({why}). Nothing was written over it. "
                "Let the Hub's own account read it, or put a copy of it back; without one, move it away and make new join links."
            ) from None


def _end_links(data: dict[str, Any], account: str) -> None:
    """End the links of an account, and what is to be told of them."""
    data["links"] = {key: link for key, link in data["links"].items() if link["account"] != account}
    data["renewed"].pop(account, None)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _lasts(link: dict[str, str]) -> bool:
    return datetime.fromisoformat(link["ends"]) > datetime.now(UTC)


def _salted(password: str) -> str:
    salt = secrets.token_hex(16)
    return f"{salt}${_digest(salt, password)}"


def _digest(salt: str, password: str) -> str:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=bytes.fromhex(salt), **_COST).hex()
