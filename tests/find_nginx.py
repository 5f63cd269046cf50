"""The nginx of Debian for the tests behind TLS. Installed by apt if need be; the package's own server is not started."""

from __future__ import annotations

from tests.debian_packages import install, program


def programs() -> str | None:
    """The program nginx, or nothing where there is none and it cannot be installed."""
    found = program("nginx")
    if not found:
        install("nginx")
        found = program("nginx")
    return found
