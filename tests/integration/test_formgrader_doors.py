"""The formgrader's server: its pages and buttons are all that is open, no browser keeps them, and a copied cookie ends with its owner."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import requests
from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from patient_partner_mentor.hub.formgrader import CACHE
from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub, configured_hub
from tests.hub_running import until

WHAT_A_NOTEBOOK_SERVER_CAN: list[tuple[str, str, Any]] = [
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


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredHub]:
    """A Hub with one course."""
    with configured_hub(tmp_path_factory.mktemp("doors") / "hub") as running:
        yield running


@pytest.fixture
def server(hub: ConfiguredHub) -> str:
    """Where the course's formgrader is."""
    return f"{hub.url}services/{COURSE}/"


@pytest.fixture
def facilitator(hub: ConfiguredHub, server: str) -> Iterator[requests.Session]:
    """Fay's browser, signed in and in the formgrader."""
    with requests.Session() as fay:
        fay.get(f"{hub.url}hub/login", timeout=30)
        fay.post(f"{hub.url}hub/login", data={"username": "fay", "password": PASSWORD, "_xsrf": fay.cookies.get("_xsrf", path="/hub/")}, timeout=30)
        assert fay.get(f"{server}formgrader", timeout=60).url == f"{server}formgrader/manage_assignments"
        token = next(one.value or "" for one in fay.cookies if one.name == "_xsrf" and one.path.startswith(f"/services/{COURSE}"))
        fay.headers.update({"X-XSRFToken": token, "Referer": server})
        yield fay


def test_pages_are_not_kept_and_a_copied_cookie_ends_with_its_owner(hub: ConfiguredHub, server: str, facilitator: requests.Session) -> None:
    """The copy opens the page before, and does not after."""
    page = f"{server}formgrader/manage_assignments"
    said = facilitator.get(page, timeout=60)
    assert (said.headers["X-Content-Type-Options"], said.headers["Cache-Control"], said.headers["X-Frame-Options"]) == ("nosniff", "no-store", "DENY")
    assert "default-src 'none'" in said.headers["Content-Security-Policy"]
    copied = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in facilitator.cookies if f"/services/{COURSE}/".startswith(one.path))}

    def opens() -> bool:
        return requests.get(page, headers=copied, timeout=30, allow_redirects=False).status_code == 200

    assert opens()
    facilitator.get(f"{hub.url}hub/logout", headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
    assert CACHE <= 5
    until(lambda: not opens(), "the copy to be of no use", 4 * CACHE)


def test_a_facilitator_has_no_kernel_no_terminal_and_no_files(server: str, facilitator: requests.Session) -> None:
    """What a notebook server can do for whoever is signed in, it does for nobody here."""
    got = {f"{method} {path}": facilitator.request(method, server + path, json=data, timeout=30).status_code for method, path, data in WHAT_A_NOTEBOOK_SERVER_CAN}
    assert set(got.values()) <= {403, 404}, got


@pytest.mark.parametrize("path", ["formgrader", "formgrader/"])
def test_the_settings_of_another_folder_are_not_run(server: str, facilitator: requests.Session, tmp_path: Path, path: str) -> None:
    """nbgrader's own first page takes a folder's name, and runs the settings in it: a link that somebody sends would be enough."""
    (tmp_path / "nbgrader_config.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n", "utf-8")
    said = facilitator.get(server + path, params={"path": str(tmp_path)}, timeout=60)
    assert (said.status_code, said.url) == (200, f"{server}formgrader/manage_assignments")
    assert not (tmp_path / "ran").exists()


def test_no_file_of_the_course_folder_is_sent(hub: ConfiguredHub, server: str, facilitator: requests.Session) -> None:
    """nbgrader sends the files that lie with a graded copy, and by a name that climbs, those beside it."""
    folder = hub.folder / "course"
    put = {path: facilitator.put(f"{server}formgrader/api/{path}", json={}, timeout=30).status_code for path in ("assignment/1-patient-partner", "student/ana")}
    assert set(put.values()) == {200}, put
    with warnings.catch_warnings(action="ignore", category=SAWarning), Gradebook(f"sqlite:///{folder / 'gradebook.db'}", COURSE) as gradebook:
        gradebook.add_notebook("module", "1-patient-partner")
        gradebook.add_submission("1-patient-partner", "ana")
        (found,) = gradebook.notebook_submissions("module", "1-patient-partner")
        submission = found.id
    graded = folder / "autograded" / "ana" / "1-patient-partner"
    graded.mkdir(parents=True)
    (graded / "reflections.json").write_text("{}", "utf-8")
    nbformat.write(nbformat.v4.new_notebook(), graded / "module.ipynb")
    page = f"{server}formgrader/submissions/"
    assert 404 not in [_asked(facilitator, "GET", f"{page}{submission}/{more}") for more in ("", "next", "prev_incorrect/")]
    climbing = ("..%2f..%2f..%2f", "..%2F..%2F..%2F", "%2e%2e%2f%2e%2e%2f%2e%2e%2f", ".%2e/.%2e/.%2e/")
    names = ["reflections.json", "%72eflections.json", *[f"{up}{name}" for up in climbing for name in ("nbgrader_config.py", "gradebook.db")]]
    tried = [f"{slash}{submission}/{name}" for slash in ("", "/") for name in names]
    assert {name: _asked(facilitator, "GET", page + name) for name in tried} == dict.fromkeys(tried, 404)


@pytest.mark.parametrize("name", ["%2e%2e", "..%2f..%2felsewhere", "%2E%2E%5celsewhere", "here%2Fbelow"])
def test_no_folder_is_made_elsewhere(hub: ConfiguredHub, server: str, facilitator: requests.Session, name: str) -> None:
    """A module's name is a folder's; one with a way in it would be a folder anywhere."""
    before = sorted(hub.folder.rglob("elsewhere")) + sorted(hub.folder.rglob("below"))
    assert _asked(facilitator, "PUT", f"{server}formgrader/api/assignment/{name}") == 404
    assert before == sorted(hub.folder.rglob("elsewhere")) + sorted(hub.folder.rglob("below")) == []


def _asked(facilitator: requests.Session, method: str, address: str) -> int:
    """The status of an answer to an address as it is: requests itself would make it shorter."""
    asked = facilitator.prepare_request(requests.Request(method, address, json={} if method == "PUT" else None))
    asked.url = address
    return facilitator.send(asked, timeout=30).status_code
