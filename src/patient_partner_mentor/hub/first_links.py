"""Who runs courses gets in by the operator's hand: no password that came by a course's link opens a facilitator's or an operator's account.

Such a password may be that of whoever made the link. Links for those who have no password stand in a file that only the
Hub's own account may read; those that were used drop out when the Hub starts again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..whole_file import write_whole
from .accounts import Accounts

NAME = "first-links.txt"


def end_passwords(accounts: Accounts, trusted: Iterable[str]) -> list[str]:
    """End the passwords of these accounts that came by a course's link, and say whose they were."""
    ended = [account for account in sorted(trusted) if accounts.came_by(account)]
    for account in ended:
        accounts.end(account)
    return ended


def write_links(accounts: Accounts, trusted: Iterable[str], path: Path, address: str, days: int) -> list[str]:
    """Write a link for each of these accounts that has no password, and say whose they are. A link that still works stays as it was.

    :param address: the one that people use, with a slash at the end
    """
    there = _links(path.read_text("utf-8")) if path.is_file() else {}
    waiting = [account for account in sorted(trusted) if not accounts.has_password(account)]
    keys = {account: key for account, key in there.items() if account in waiting and accounts.invited(key) == account}
    keys |= accounts.make_links([account for account in waiting if account not in keys], days)
    if keys:
        write_whole(path, "".join(f"{account} {address}hub/join?key={keys[account]}\n" for account in waiting))
    else:
        path.unlink(missing_ok=True)
    return waiting


def _links(text: str) -> dict[str, str]:
    """The keys of a file that was written before, by account."""
    lines = (line.partition(" ") for line in text.splitlines())
    return {account: link.rpartition("?key=")[2] for account, _, link in lines if "?key=" in link}
