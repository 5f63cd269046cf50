"""Nothing typed in an app is lost, whatever dies: the kernel, the server, the browser, the network, the room on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.apps_running import AppServer, apps, free_port, until
from tests.browser.conftest import FLAGS
from tests.browser.persistent import Chromium

FORM = "#step-2 .reflection"
BOX = f"{FORM} textarea"
WORDS = "I plan every visit, carry the list of pills, and ask what each one is for. "


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-forms=ready]")
    button = page.locator("#step-2 .step-fold button")
    if button.count():
        button.click()
    return page


def kept(folder: Path) -> str:
    path = folder / "journal" / "patient-partner.json"
    answers = json.loads(path.read_text("utf-8"))["answers"] if path.exists() else []
    return next((one["text"] for one in answers if one["step"] == "my-skills"), "")


def kill_round(server: AppServer, chromium: Chromium, seed: int, page: Page) -> Page:
    """Type, kill something at a random moment, go on typing where one can, and look what is there afterwards."""
    chance = random.Random(seed)
    what = ("kernel", "server", "browser")[seed % 3]
    text, typed = f"{seed}: " + WORDS * 2, []
    page.locator(BOX).fill("")
    page.locator(BOX).focus()
    until_then, dead = time.monotonic() + chance.uniform(0.6, 2.5), None
    for count, letter in enumerate(text, 1):
        page.keyboard.type(letter, delay=chance.uniform(5, 40))
        typed.append((time.monotonic(), count))
        if dead is None and time.monotonic() > until_then:
            dead = time.monotonic()
            if what == "browser":
                chromium.kill()
                break
            if what == "server":
                server.kill()
            for kernel in server.kernels():
                kernel.kill()
        if dead and time.monotonic() > dead + 1.2:
            break
    end, written = time.monotonic(), typed[-1][1]
    if what == "server":
        server.start()
        server.let_in(page.context)  # as 'make serve' does, which opens the browser
    if what == "browser":
        safe = max((count for when, count in typed if when < end - 1), default=0)
        context = chromium.start()
        server.let_in(context)  # a browser writes its cookies down only every half minute
        page = opened(context, server.app())
        found = page.locator(BOX).input_value()
        assert text.startswith(found), f"round {seed}: what came back is not what was typed"
        assert len(found) >= safe, f"round {seed}: {safe} characters were older than a second, {len(found)} came back"
    else:
        found = page.locator(BOX).input_value()
        assert found == text[:written], f"round {seed}: the page lost what was typed"
    until(lambda: kept(server.data) == found.rstrip("\0"), 60, f"round {seed}, {what} killed: the journal does not hold what the page shows")
    return page


def kill_rounds(playwright, folder: Path, seeds: range) -> None:
    chromium = Chromium(playwright, folder / "profile", FLAGS)
    with apps(folder / "data") as server:
        context = chromium.start()
        server.let_in(context)
        page = opened(context, server.app())
        for seed in seeds:
            page = kill_round(server, chromium, seed, page)
        chromium.close()


def test_kernel_server_and_browser_killed_while_typing(book, playwright, tmp_path):
    kill_rounds(playwright, tmp_path, range(5))


@pytest.mark.soak
def test_kernel_server_and_browser_killed_again_and_again(book, playwright, tmp_path):
    kill_rounds(playwright, tmp_path, range(100, 151))
    print("\n51 seeded rounds, kernel, server and browser in turn: every character older than a second was there, in the journal too.")


class Cable:
    """A network between browser and server that can be cut: a small TCP proxy on a thread of its own."""

    def __init__(self, target: int) -> None:
        self.target, self.port, self.up = target, free_port(), True
        self.writers: set[asyncio.StreamWriter] = set()
        ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)), daemon=True)
        self.thread.start()
        ready.wait()

    async def _main(self, ready: threading.Event) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        ready.set()
        await self.over.wait()
        server.close()
        for writer in list(self.writers):
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            writer.transport.abort()
            return
        far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers |= {writer, far}
        await asyncio.gather(self._carry(reader, far), self._carry(far_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
        self.writers.discard(writer)

    def cut(self) -> None:
        """Every connection is gone, and no new one comes about."""
        self.up = False
        self.loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in list(self.writers)])

    def mend(self) -> None:
        """It carries again."""
        self.up = True

    def close(self) -> None:
        """Take it away."""
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()


def cut_network(browser, folder: Path, seconds: float) -> None:
    with apps(folder / "data") as server:
        cable = Cable(server.port)
        context = browser.new_context(service_workers="block")
        try:
            server.let_in(context, f"http://127.0.0.1:{cable.port}")
            page = opened(context, f"http://127.0.0.1:{cable.port}/apps/notebooks/1-patient-partner/module.html")
            page.locator(BOX).press_sequentially("With the network. ")
            expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
            cable.cut()
            page.locator(BOX).press_sequentially("Without it.")
            expect(page.locator(f"{FORM} .form-status")).to_contain_text("Saved on this device. We cannot reach the course right now. Keep writing.", timeout=10_000)
            mended = time.monotonic() + seconds
            until(lambda: time.monotonic() > mended, seconds + 1)
            assert kept(server.data).strip() == "With the network."
            cable.mend()
            until(lambda: kept(server.data) == "With the network. Without it.", 40)
            expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
        finally:
            context.close()
            cable.close()


def test_the_network_cut_while_typing(book, browser, tmp_path):
    cut_network(browser, tmp_path, 0)


@pytest.mark.soak
def test_the_network_cut_for_a_minute(book, browser, tmp_path):
    cut_network(browser, tmp_path, 60)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 160 kB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(place)], capture_output=True, check=False).returncode:
        pytest.skip("a small file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_and_a_read_only_one_are_said_and_the_browser_keeps_the_text(book, browser, small_disk):
    with apps(small_disk / "data") as server:
        context = browser.new_context(service_workers="block")
        server.let_in(context)
        page = opened(context, server.app())
        status = page.locator(f"{FORM} .form-status")
        page.locator(BOX).fill("While there was room.")
        expect(status).to_have_text("Saved.")
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        page.locator(BOX).fill("When the disk was full. " + WORDS * 100)
        expect(status).to_contain_text("There is no room left in the course’s own folder", timeout=10_000)
        assert kept(server.data) == "While there was room."
        filler.unlink()
        until(lambda: kept(server.data).startswith("When the disk was full."), 40)
        expect(status).to_have_text("Saved.")
        folder = str(server.data / "journal")  # a mount of its own: the rest of the disk has files open for writing
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        try:
            page.locator(BOX).fill("When nothing could be written.")
            expect(status).to_contain_text("The course may not write in its own folder on this computer", timeout=10_000)
            page.reload()
            page.wait_for_selector("html[data-forms=ready]")
            expect(page.locator(BOX)).to_have_value("When nothing could be written.")
        finally:
            subprocess.run(["umount", folder], check=True)
        until(lambda: kept(server.data) == "When nothing could be written.", 40)
        context.close()


def test_two_kernels_writing_the_same_answer_lose_neither_text(book, browser, tmp_path):
    with apps(tmp_path / "data") as server:
        contexts = [browser.new_context(service_workers="block") for _ in range(2)]
        for context in contexts:
            server.let_in(context)
        one, two = (opened(context, server.app()) for context in contexts)
        one.locator(BOX).press_sequentially("From one browser.")
        two.locator(BOX).press_sequentially("From another one.")
        answers = tmp_path / "data" / "journal" / "patient-partner.json"

        def both() -> bool:
            words = answers.read_text("utf-8") if answers.exists() else ""
            return "From one browser." in words and "From another one." in words

        until(both, 30)
        for context in contexts:
            context.close()
