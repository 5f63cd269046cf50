"""The address that people use, as the Hub's settings say it: behind a server with TLS, a request does not."""

from __future__ import annotations

import logging
import os
from typing import Any
from urllib.parse import urlparse

log = logging.getLogger("ppm.service")
PUBLIC = "JUPYTERHUB_PUBLIC_HUB_URL"  # set by JupyterHub from public_url
_ADVICE = "Links to join and cookies follow from 'public_url' in the Hub's settings, which "
_said: set[str] = set()


def origin(request: Any) -> str:
    """The address without its path: the settings', or the request's own where they have none."""
    where = urlparse(os.environ.get(PUBLIC, ""))
    return f"{where.scheme}://{where.netloc}" if where.netloc else f"{request.protocol}://{request.host}"


def look_at(request: Any) -> None:
    """Say once in the log when people come by another address than the settings know; the operator looks there.

    A server in front writes what the browser uses as the first word of ``X-Forwarded-Proto``.
    """
    public, protocol = os.environ.get(PUBLIC, ""), request.headers.get("X-Forwarded-Proto", "").split(",")[0].strip()
    known = urlparse(public)
    if protocol == "https" and not known.netloc:
        _say(f"People come by https, and this Hub does not know its address. {_ADVICE}is missing: set it, such as public_url: https://{request.host}/, and start the Hub again.")
    elif protocol in ("http", "https") and known.netloc and (protocol, request.host) != (known.scheme, known.netloc):
        _say(f"People come by {protocol}://{request.host}, and this Hub takes itself to be at {known.scheme}://{known.netloc}. {_ADVICE}is wrong, or the server in front changes the name. Mend that, and start the Hub again.")


def _say(sentence: str) -> None:
    if sentence not in _said and len(_said) < 10:  # a stranger may send any name
        _said.add(sentence)
        log.warning("%s", sentence)
