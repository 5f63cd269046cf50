"""The modules in a real JupyterLab: MyST opened through jupytext, with forms that keep what is typed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.apps_running import free_port, until

ROOT = Path(__file__).parents[2]
MODULE = "notebooks/1-patient-partner/module.md"
BOX = ".reflection[data-step=my-skills] textarea"


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """JupyterLab as 'make lab' starts it; gives the address that it opens."""
    port, said = free_port(), folder / "lab.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PPM_", "JUPYTER"))}
    places = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    command = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(ROOT), "lab", "--port", str(port), "--no-browser"]
    with said.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=kept | places | {"PPM_DATA": str(folder / "data"), "JUPYTER_TOKEN": "trial"}, stdout=log, stderr=log, start_new_session=True)
    base = f"http://127.0.0.1:{port}"

    def up() -> bool:
        assert process.poll() is None, said.read_text()
        try:
            return requests.get(f"{base}/api/status", params={"token": "trial"}, timeout=5).ok
        except requests.RequestException:
            return False

    try:
        until(up, 60, "JupyterLab did not start")
        yield f"{base}/lab/tree/{MODULE}?token=trial"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def ways_of_kernels(folder: Path) -> list[str]:
    """How the kernels of a Lab that was started in this folder are talked to."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.environ().get("PPM_DATA", "").startswith(str(folder)) and "ipykernel_launcher" in one.cmdline():
                found.append(json.loads(Path(one.cmdline()[-1]).read_text("utf-8"))["transport"])
    return found


def run_all(page: Page, address: str) -> None:
    """Open the module as a notebook and run its cells, as the menu does."""
    page.goto(address)
    page.locator(".jp-NotebookPanel-toolbar").wait_for()
    page.locator(".jp-MarkdownCell h1").first.wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()  # before there is a kernel, running does nothing
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".jp-OutputArea .reflection").first).to_be_visible(timeout=60_000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def test_a_module_in_lab_keeps_its_words(page: Page, tmp_path: Path):
    before = (ROOT / MODULE).read_bytes()
    with lab(tmp_path) as address:
        run_all(page, address)
        box = page.locator(BOX).first
        box.fill("Written in the notebook.")
        journal = tmp_path / "data" / "journal" / "patient-partner.json"
        until(lambda: journal.exists() and any(one["text"] == "Written in the notebook." for one in json.loads(journal.read_text("utf-8"))["answers"]), 30)
        run_all(page, address)
        expect(page.locator(BOX).first).to_have_value("Written in the notebook.")
        assert set(ways_of_kernels(tmp_path)) == {"ipc"}, "what a kernel says at a port is heard by every account of the computer"
    assert (ROOT / MODULE).read_bytes() == before
