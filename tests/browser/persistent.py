"""A browser of its own with a profile on disk, that can be killed as a crash or an empty battery would."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Playwright

from tests.find_browser import find


class Chromium:
    """Chromium on a profile folder: ``start`` it, ``kill`` it with SIGKILL, ``start`` it again.

    :param preferences: what Chromium's own settings page would write, for example blocked storage
    """

    def __init__(self, playwright: Playwright, profile: Path, flags: list[str], preferences: dict | None = None) -> None:
        self.playwright, self.profile, self.flags = playwright, profile, flags
        if preferences:
            (profile / "Default").mkdir(parents=True)
            (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
        self.context: BrowserContext | None = None

    def start(self) -> BrowserContext:
        """Open the browser on its profile."""
        for left in self.profile.glob("Singleton*"):
            left.unlink()
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.profile), executable_path=find(), args=[*self.flags, "--disable-session-crashed-bubble"], service_workers="block"
        )
        return self.context

    def kill(self) -> None:
        """kill -9, every process of it at once."""
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let go of it; a killed one has nothing left to close."""
        if self.context:
            with contextlib.suppress(Error):
                self.context.close()
        self.context = None

    def _processes(self) -> Iterator[int]:
        mark = f"--user-data-dir={self.profile}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (entry / "cmdline").read_bytes().split(b"\0"):
                        yield int(entry.name)
