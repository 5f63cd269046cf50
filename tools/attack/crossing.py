"""What a page on another site can have a signed-in browser do."""

from __future__ import annotations

import random

from .people import Person
from .records import AGREED, spoiled
from .target import REFUSED, Seen, Target, attack, until

ELSEWHERE = {"Origin": "https://elsewhere.example", "Referer": "https://elsewhere.example/page"}
FETCH = ELSEWHERE | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FORM = ELSEWHERE | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Content-Type": "text/plain"}


@attack("refused: a browser that is sent here from elsewhere changes nothing")
def forms_of_other_sites(target: Target, chance: random.Random, end: float) -> Seen:
    """Saves, consent, erasure, the roster and the Hub's own forms, with the cookies and without the pages' token."""
    seen, module = Seen(), target.curriculum.modules[0]
    course = f"services/course/{target.course}"
    sent = [
        ("PUT", f"{course}/api/journal/{module.id}/{module.step(1).id}", spoiled(module, 1)),
        ("PUT", f"{course}/api/consent", AGREED),
        ("POST", f"{course}/api/erase", {"sure": True}),
        ("DELETE", f"{course}/api/share/{module.id}", None),
        ("POST", f"{course}/roster", {"do": "add", "list": "evil"}),
        ("POST", "hub/api/users", {"usernames": ["evil"]}),
        ("POST", "hub/api/users/evil/tokens", {}),
    ]
    for number in until(end, 28):
        method, path, body = sent[number % len(sent)]
        token = chance.choice([{}, {"X-XSRFToken": "made-up"}, {"X-XSRFToken": ""}])
        seen.add(target.learner.ask(method, path, json=body, headers=chance.choice([FETCH, FORM]) | token))
    return seen.only(REFUSED)


@attack("the browser stays signed in")
def leaving_from_elsewhere(target: Target, chance: random.Random, end: float) -> Seen:
    """A picture, a frame and a link on another page that point at the ways out."""
    someone = Person(target.url, target.course)
    seen = Seen().must(someone.sign_in(target.attacker, target.passwords[target.attacker]), "the sign-in did not go through")
    for headers in (FETCH, FETCH | {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}, FORM):
        seen.add(someone.ask("GET", "services/course/leave", headers=headers))
        state = someone.api("GET", "state")
        seen.must(state.status == "200", f"signed out by a request from another site ({state.status})")
    return seen


@attack("no page shows in a frame, and no answer is for another origin")
def frames_and_origins(target: Target, chance: random.Random, end: float) -> Seen:
    """The headers of the pages that a thief of clicks or of answers would want."""
    seen = Seen()
    for path in ("hub/login", "services/course/health", f"services/course/{target.course}/book/welcome.html", f"services/course/{target.course}/api/state"):
        said = seen.add(target.learner.ask("GET", path, headers={"Origin": "https://elsewhere.example"}))
        policy = said.headers.get("Content-Security-Policy", "")
        seen.must("frame-ancestors 'none'" in policy or said.headers.get("X-Frame-Options") == "DENY", f"{path} shows in a frame")
        seen.must("Access-Control-Allow-Origin" not in said.headers, f"{path} answers other origins")
        seen.must(said.headers.get("X-Content-Type-Options") == "nosniff", f"{path} lets a browser guess its kind")
    return seen.only({"200"})
