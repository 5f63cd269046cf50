"""A Hub that gives learners servers: waiting pages in plain words, JupyterLab, and what can be done from its terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.configured_hub import COURSE, OWN_SERVERS, ConfiguredHub, configured_hub
from tests.hub_running import until

from .conftest import Visitor
from .looking import CUT, SIDEWAYS, SMALL, axe, names_and_roles

# A server starts when the test says so, and does not where it says that.
MORE = OWN_SERVERS + """
import asyncio, os
c.JupyterHub.tornado_settings["slow_spawn_timeout"] = 0
if os.geteuid() == 0:
    c.Spawner.args = [*c.Spawner.args, "--allow-root"]
async def gate(spawner):
    while not os.path.exists({gate!r} + spawner.user.name):
        if os.path.exists({gate!r} + spawner.user.name + "-closed"):
            raise RuntimeError("closed by the test")
        await asyncio.sleep(0.1)
c.Spawner.pre_spawn_hook = gate
"""


@pytest.fixture(scope="module")
def hub(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredHub]:  # noqa: ARG001 - the course's root has to be whole
    """A Hub with JupyterLab for learners, each as the account of the tests: separate accounts are another test's."""
    folder = tmp_path_factory.mktemp("servers")
    with configured_hub(folder, {"servers": "lab"}, MORE.format(homes=str(folder / "homes"), gate=str(folder / "gate-"))) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, hub: ConfiguredHub) -> Iterator[Visitor]:
    """A fresh browser; pages may ask nobody but the Hub."""
    found = Visitor(browser.new_context(service_workers="block", reduced_motion="reduce"), hub.url)
    yield found
    assert not found.foreign
    found.context.close()


def looked_at(page: Page) -> None:
    """Fail unless the page is accessible and speaks plainly."""
    words = page.locator("main").inner_text()
    assert not re.search(r"server|spawn|launch|JupyterHub|log\b", words, re.I), words
    assert "988" in page.locator(".help-box").inner_text()
    assert page.evaluate("window.violations") == []
    faults = axe(page) + names_and_roles(page)
    page.set_viewport_size({"width": 375, "height": 800})
    faults += page.evaluate(SMALL) + page.evaluate(CUT)
    assert not faults, "\n".join(faults)
    assert page.evaluate(SIDEWAYS) <= 0


def test_waiting_is_said_plainly_and_ends_by_itself(hub: ConfiguredHub, visitor: Visitor) -> None:
    """Sign-in leads to the course; the workspace is a choice, and its waiting page goes on when it is ready."""
    page = visitor.context.new_page()
    page.set_default_timeout(120_000)
    hub.sign_in(page, "ana")
    page.goto(f"{hub.url}hub/home")
    page.get_by_role("link", name="Open my workspace").click()
    page.wait_for_url("**/hub/spawn-pending/ana**")
    assert page.get_by_role("status").inner_text() == "Getting ready …"
    looked_at(page)
    (hub.folder / "gate-ana").touch()
    page.wait_for_url("**/user/ana/lab**")
    kernel_of_ana(hub, page)
    terminal_of_ana(hub)


def kernel_of_ana(hub: ConfiguredHub, page: Page) -> None:
    """It is talked to at a socket: what a kernel says at a port is heard by every account of the machine."""
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "_xsrf" and one["path"].endswith("/user/ana/"))
    made = page.request.post(f"{hub.url}user/ana/api/kernels", data={}, headers={"X-XSRFToken": token})
    assert made.ok, made.text()
    kernel = until(lambda: next((one for one in hub.server("ana").children(recursive=True) if made.json()["id"] in " ".join(one.cmdline())), None), "a kernel", 30)
    assert json.loads(Path(kernel.cmdline()[-1]).read_text("utf-8"))["transport"] == "ipc"


def terminal_of_ana(hub: ConfiguredHub) -> None:
    """What nbgrader does in the server's terminal: the Hub's name counts, another course or name does not."""
    server = hub.server("ana")
    environment = server.environ()
    assert environment["PPM_HOST"] == "kernel"
    home = hub.folder / "homes" / "ana"

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=home, env={**environment, "HOME": str(home)}, capture_output=True, text=True, timeout=120, check=False)
        return done.stdout + done.stderr

    assert "Released assignments" in run("nbgrader", "list")
    script = (
        "import os, requests\n"
        "hub, me = os.environ['JUPYTERHUB_API_URL'], {'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}\n"
        "for method, path, data in [('GET', 'users', None), ('GET', 'users/ben', None), ('POST', 'users/ana/tokens', {}), ('POST', 'users/ben/server', {}),"
        f" ('POST', 'groups/formgrade-{COURSE}/users', {{'users': ['ana']}}), ('POST', 'join-links', {{'course': '{COURSE}', 'accounts': ['ben']}}), ('POST', 'shutdown', {{}})]:\n"
        "    print(requests.request(method, hub + '/' + path, headers=me, json=data, timeout=30).status_code)\n"
        "course = os.environ['PPM_SERVICE_URL'] + 'exchange/'\n"
        f"for method, path in [('PUT', '{COURSE}/assignments/made-up'), ('GET', 'ppm-other/assignments'), ('GET', '{COURSE}/consents'), ('POST', '{COURSE}/erase/ben')]:\n"
        "    print(requests.request(method, course + path, headers=me, timeout=30).status_code)\n"
        "assert requests.get(course + 'courses', headers=me, timeout=30).json()['user'] == 'ana'\n"
    )
    said = run(sys.executable, "-c", script).split()
    assert len(said) == 11 and set(said) <= {"403", "404"}, said


def test_what_does_not_open_is_said_plainly(hub: ConfiguredHub, visitor: Visitor) -> None:
    """No word of what went on inside, and a way to try again."""
    page = visitor.context.new_page()
    page.set_default_timeout(120_000)
    hub.sign_in(page, "ben")
    page.goto(f"{hub.url}hub/spawn")
    page.wait_for_url("**/hub/spawn-pending/ben**")
    (hub.folder / "gate-ben-closed").touch()
    page.get_by_text("It did not open this time").wait_for()
    looked_at(page)
    page.goto(f"{hub.url}user/ben/lab")
    assert page.get_by_role("link", name="Open it again").is_visible()
    looked_at(page)
