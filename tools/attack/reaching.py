"""Requests for what belongs to somebody else: another learner's words, a facilitator's pages, the Hub's own doors."""

from __future__ import annotations

import random
from urllib.parse import quote

from .target import REFUSED, Seen, Target, attack, until

DOORS = REFUSED | {"302"}  # a redirect to the sign-in page is no answer


def _places(target: Target) -> list[tuple[str, str]]:
    course, other, module = f"services/course/{target.course}", target.neighbor, target.curriculum.modules[0]
    exchange = f"services/course/exchange/{target.course}"
    return [
        ("GET", f"{exchange}/submissions"),
        ("GET", f"{exchange}/submissions/{module.name}/{other}/0123456789abcdef"),
        ("GET", f"{exchange}/consents"),
        ("GET", f"{exchange}/replies"),
        ("POST", f"{exchange}/erase/{other}"),
        ("PUT", f"{exchange}/feedback/{module.name}/{other}/0123456789abcdef"),
        ("GET", f"{course}/roster"),
        ("GET", f"{course}/facilitator"),
        ("GET", f"services/{target.course}/formgrader"),
        ("GET", f"services/{target.course}/api/contents"),
        ("POST", f"services/{target.course}/api/kernels"),
        ("GET", "services/course/other-course/api/journal"),
        ("GET", f"{course}/book/../../../../etc/passwd"),
        ("GET", f"{course}/book/{quote('../../../course.sqlite', safe='')}"),
        ("GET", "hub/api/users"),
        ("GET", f"hub/api/users/{other}"),
        ("POST", f"hub/api/users/{other}/tokens"),
        ("POST", f"hub/api/groups/formgrade-{target.course}/users"),
        ("POST", "hub/api/join-links"),
        ("GET", f"hub/api/join-links?course={target.course}"),
        ("GET", "hub/admin"),
        ("POST", "hub/api/shutdown"),
        ("GET", f"user/{other}/"),
        ("GET", f"hub/user/{other}/"),
        ("GET", "api/routes"),
    ]


@attack("refused, each")
def doors_of_others(target: Target, chance: random.Random, end: float) -> Seen:
    """Every address that is not a learner's own, with her cookies and the pages' token."""
    seen = Seen()
    for method, path in _places(target):
        said = target.learner.ask(method, path, headers={"X-XSRFToken": target.learner.token, "X-Forwarded-User": target.neighbor}, json={} if method != "GET" else None)
        seen.add(said)
        seen.must(said.status in DOORS, f"{method} {path} gave {said.status}")
    return seen


@attack("refused, or one's own")
def another_name_in_the_headers(target: Target, chance: random.Random, end: float) -> Seen:
    """Her own addresses, with headers and parameters that claim to be somebody else."""
    seen = Seen()
    names = ("X-PPM-Account", "X-Forwarded-User", "Remote-User", "JUPYTERHUB_USER", "X-Remote-User")
    for number in until(end, 40):
        header = names[number % len(names)]
        said = seen.add(target.learner.api("GET", f"state?user={target.neighbor}&account={target.neighbor}", headers={header: target.neighbor}))
        seen.must(said.status != "200" or f'"account": "{target.attacker}"'.encode() in said.body, f"{header} made somebody else of her")
    return seen.only({"200", "403"})


@attack("refused, each")
def doors_without_a_key(target: Target, chance: random.Random, end: float) -> Seen:
    """The same doors by nobody at all, and with tokens that are made up."""
    seen = Seen()
    for token in (None, "".join(chance.choice("0123456789abcdef") for _ in range(64)), "", "null", target.neighbor):
        visitor = target.stranger()
        if token is not None:
            visitor.session.headers["Authorization"] = f"token {token}"
        for method, path in _places(target):
            said = seen.add(visitor.ask(method, path))
            seen.must(said.status in DOORS, f"{method} {path} gave {said.status}")
    return seen
