"""The formgrader's pages: kept by no browser, and shut to a copied cookie within seconds after its owner has signed out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
        assert "default-src 'none'" in said.headers["Content-Security-Policy"]
        got = _what_a_notebook_server_can(facilitator, f"{hub.url}services/{COURSE}/")
        assert set(got.values()) <= {403, 404}, got
        copied = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in facilitator.cookies if f"/services/{COURSE}/".startswith(one.path))}

        def opens() -> bool:
            return requests.get(page, headers=copied, timeout=30, allow_redirects=False).status_code == 200

        assert opens()
        facilitator.get(f"{hub.url}hub/logout", headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
        assert CACHE <= 5
        until(lambda: not opens(), "the copy to be of no use", 4 * CACHE)


def _what_a_notebook_server_can(facilitator: requests.Session, server: str) -> dict[str, int]:
    """Try to run a program as the grader, or to read and write the grader's files; the answers' statuses by what was tried."""
    token = next(one.value or "" for one in facilitator.cookies if one.name == "_xsrf" and one.path.startswith(server[server.index("/services/") :]))
    tries: list[tuple[str, str, Any]] = [
        ("POST", "api/kernels", {"name": "python3"}),
        ("GET", "api/kernels", None),
        ("GET", "api/kernelspecs", None),
        ("POST", "api/sessions", {"path": "x.ipynb", "type": "notebook", "kernel": {"name": "python3"}}),
        ("POST", "api/terminals", {}),
        ("GET", "api/contents/nbgrader_config.py", None),
        ("PUT", "api/contents/nbgrader_config.py", {"type": "file", "format": "text", "content": "import os"}),
        ("PATCH", "api/config/notebook", {}),
        ("GET", "files/nbgrader_config.py", None),
        ("GET", "nbconvert/html/source/x.ipynb", None),
        ("POST", "api/shutdown", {}),
        ("GET", "lab", None),
        ("GET", "tree", None),
    ]
    said = {"X-XSRFToken": token, "Referer": server}
    return {f"{method} {path}": facilitator.request(method, server + path, json=data, headers=said, timeout=30).status_code for method, path, data in tries}
