"""The formgrader's pages: kept by no browser, and shut to a copied cookie within seconds after its owner has signed out."""

from __future__ import annotations

from pathlib import Path

import requests

from patient_partner_mentor.hub.formgrader import CACHE
from tests.configured_hub import COURSE, PASSWORD, configured_hub
from tests.hub_running import until


def test_pages_are_not_kept_and_a_copied_cookie_ends_with_its_owner(tmp_path: Path) -> None:
    """The copy opens the page before, and does not after."""
    with configured_hub(tmp_path / "hub") as hub, requests.Session() as facilitator:
        facilitator.get(f"{hub.url}hub/login", timeout=30)
        token = facilitator.cookies.get("_xsrf", path="/hub/")
        facilitator.post(f"{hub.url}hub/login", data={"username": "fay", "password": PASSWORD, "_xsrf": token}, timeout=30)
        page = f"{hub.url}services/{COURSE}/formgrader/manage_assignments"
        said = facilitator.get(page, timeout=60)
        assert said.status_code == 200 and "manage_assignments" in said.url
        assert (said.headers["X-Content-Type-Options"], said.headers["Cache-Control"], said.headers["X-Frame-Options"]) == ("nosniff", "no-store", "DENY")
        copied = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in facilitator.cookies if f"/services/{COURSE}/".startswith(one.path))}

        def opens() -> bool:
            return requests.get(page, headers=copied, timeout=30, allow_redirects=False).status_code == 200

        assert opens()
        facilitator.get(f"{hub.url}hub/logout", headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
        assert CACHE <= 5
        until(lambda: not opens(), "the copy to be of no use", 4 * CACHE)
