"""A Hub that gives learners servers with the apps, set up by ``configure()``: sign in, open the workspace, and be among one's own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.configured_hub import OWN_SERVERS, ConfiguredHub, configured_hub

from .conftest import Visitor


@pytest.fixture(scope="module")
def hub(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredHub]:  # noqa: ARG001 - the apps stand beside the book
    """The Hub; each learner's server is the account of the tests."""
    folder = tmp_path_factory.mktemp("apps")
    with configured_hub(folder, {"servers": "apps"}, OWN_SERVERS.format(homes=str(folder / "homes"))) as running:
        yield running


def test_the_workspace_is_the_course_with_its_apps(hub: ConfiguredHub, browser: Browser) -> None:
    """From the Hub's home to a module's app; nobody else is asked for anything, and another's workspace stays closed."""
    visitor = Visitor(browser.new_context(service_workers="block", reduced_motion="reduce"), hub.url)
    page = visitor.context.new_page()
    page.set_default_timeout(120_000)
    hub.sign_in(page, "ana")
    page.goto(f"{hub.url}hub/home")
    page.get_by_role("link", name="Open my workspace").click()
    page.wait_for_url(f"{hub.url}user/ana/course/**")
    page.goto(f"{hub.url}user/ana/apps/notebooks/1-patient-partner/module.html")
    page.wait_for_selector("html[data-forms=ready]")
    page.locator("#step-2 .reflection textarea").fill("Written in my own workspace.")
    expect(page.locator("#step-2 .form-status")).to_have_text("Saved.")
    assert (hub.folder / "homes/ana/.local/share/patient-partner-mentor/journal/patient-partner.json").is_file()
    visitor.check()
    other = browser.new_context(service_workers="block").new_page()
    hub.sign_in(other, "ben")
    said = other.goto(f"{hub.url}user/ana/apps/notebooks/1-patient-partner/module.html")
    assert said is not None and said.status in (403, 404)
    other.context.close()
    visitor.context.close()
