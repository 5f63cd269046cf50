"""The course service as nbgrader's exchange sees it: requests with the Hub's token, and files as archives."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import requests

from . import at_sockets

SERVICE_URL = "PPM_SERVICE_URL"
TOKEN = "JUPYTERHUB_API_TOKEN"
SECONDS = 60
LARGEST = 50_000_000  # bytes of an archive, unpacked
FILES = 1_000


class ServiceError(Exception):
    """The course service did not do it.

    :param status: of HTTP; 0 when it could not be reached
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Client:
    """The course service under one address, asked by one account.

    :param address: the service's own prefix, for example ``http://127.0.0.1:8000/services/course/``, or at its socket
    """

    def __init__(self, address: str, token: str) -> None:
        self._address = address.rstrip("/") + "/exchange/"
        self._session = at_sockets.session()
        self._session.headers["Authorization"] = f"token {token}"

    def json(self, method: str, *parts: str, **more: Any) -> Any:
        """What the service answers, as data.

        :raises ServiceError: when it refuses or cannot be reached
        """
        return self._ask(method, parts, more).json()

    def file(self, *parts: str, **query: str) -> bytes:
        """A file of the service's.

        :raises ServiceError: when there is none, or it cannot be had
        """
        return self._ask("GET", parts, {"params": query}).content

    def _ask(self, method: str, parts: tuple[str, ...], more: dict[str, Any]) -> requests.Response:
        address = self._address + "/".join(quote(part, safe="") for part in parts)
        try:
            answer = self._session.request(method, address, timeout=SECONDS, allow_redirects=False, **more)
        except requests.RequestException as error:
            raise ServiceError(0, f"The course service cannot be reached ({type(error).__name__}). Is it running, and is its address right?") from None
        if answer.status_code != 200:
            raise ServiceError(answer.status_code, f"The course service answered {answer.status_code}: {_sentence(answer)}")
        return answer


def connect(address: str) -> Client:
    """The course service, as the account whose token stands in the environment.

    :param address: its address, or nothing for what ``PPM_SERVICE_URL`` says
    :raises ServiceError: when address or token is not known
    """
    where = address or os.environ.get(SERVICE_URL, "")
    token = os.environ.get(TOKEN, "")
    if not where:
        raise ServiceError(0, f"The course service's address is not known. Set c.CourseServiceExchange.service_url, or {SERVICE_URL}.")
    if not token:
        raise ServiceError(0, f"There is no Hub token in {TOKEN}. Run this on the Hub, or ask its operator for a token.")
    return Client(where, token)


def _sentence(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return "it gave no reason. Is this the right address?"
