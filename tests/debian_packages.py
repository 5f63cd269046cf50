"""Programs that the tests need beside Python, from Debian by apt where we are root. What is installed is not started."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # a short PATH leaves out what dpkg calls
_POLICY = Path("/usr/sbin/policy-rc.d")
_LOCK = Path("/run/patient-partner-mentor-tests.lock")


def program(*names: str) -> str | None:
    """The first of these programs that there is, in the folders of the system too that an ordinary account has not in its PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), SYSTEM_FOLDERS])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def may_install() -> bool:
    """Whether apt is there and we may use it."""
    return os.geteuid() == 0 and program("apt-get") is not None


def install(*packages: str) -> str:
    """Install packages of Debian's, without what they merely recommend; give apt's last word where it fails.

    Two test processes may come here at once, and the second one waits.
    """
    if not may_install():
        return "apt-get can be used by root only"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": SYSTEM_FOLDERS}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *packages]
    with FileLock(_LOCK, timeout=900), _nothing_started():
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environment, capture_output=True)
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if line.startswith("E:")]
    return "" if done.returncode == 0 else said[-1] if said else f"apt-get ended with {done.returncode}"


@contextmanager
def _nothing_started() -> Iterator[None]:
    """Debian's packages start their servers; a nginx on port 80 would be nobody's, and would stay."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n", "utf-8")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink()
