"""Where the parts of a Hub listen: at Unix sockets, each in a folder that nobody else may write, and few may enter.

A port of the loopback address is anybody's on the machine: whoever takes it when its program has ended is handed what was
meant for that program. A socket's folder says by its owner who listens. See docs/decisions/0021.

A socket's address is JupyterHub's own way of writing one (``http+unix://%2frun%2fppm%2fhub%2fsock/hub/``). Capitals are
written as numbers too, since some clients turn an address into small letters.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from tornado.netutil import bind_unix_socket

from ..errors import CourseError

NAME = "sock"
LONGEST = 100  # bytes of a socket's path: macOS takes 103, Linux 107
_SHORT = re.compile(r"[a-z0-9_-]{1,24}")


@dataclass(frozen=True)
class Door:
    """A folder in which one part of the Hub listens.

    :param owner: the system account that listens; nothing: the one that makes the folder
    :param group: the system group that may come in besides the owner; nothing: nobody
    """

    folder: Path
    owner: str = ""
    group: str = ""

    @property
    def socket(self) -> Path:
        """The socket in it."""
        return self.folder / NAME

    @property
    def mode(self) -> int:
        """Of the socket."""
        return 0o660 if self.group else 0o600

    def make(self, walked_by_others: bool) -> None:
        """Make the folder, or make it right again.

        :param walked_by_others: whether other accounts have sockets beside it
        :raises CourseError: when it, or the one above, is not safe or cannot be had
        """
        try:
            _own(self.folder.parent, 0o711 if walked_by_others else 0o700)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            if not stat.S_ISDIR(self.folder.lstat().st_mode):
                raise CourseError(f"{self.folder} is no folder. Remove it and start again.")
            if self.owner or self.group:
                shutil.chown(self.folder, self.owner or os.geteuid(), self.group or None)
            self.folder.chmod(0o2710 if self.group else 0o700)  # a socket in it gets the folder's group
        except (LookupError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise CourseError(f"The folder {self.folder}, in which a part of the Hub listens, cannot be made ({why}). Check 'sockets' and 'group' in the Hub's settings.") from None


def _own(folder: Path, mode: int) -> None:
    """The folder of all sockets, which nobody else may write.

    :raises CourseError: when somebody else has made it, or could change it
    """
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for above in folder.absolute().parents:
        _steady(above)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, os.geteuid()):
        raise CourseError(f"The folder {folder} belongs to somebody else, who could stand in for a part of the Hub. Remove it, or name another one as 'sockets'.")
    if found.st_uid == os.geteuid():
        folder.chmod(mode)
    elif stat.S_IMODE(found.st_mode) & 0o022:
        raise CourseError(f"Others may write the folder {folder}, and could stand in for a part of the Hub. Mend its mode, or name another one as 'sockets'.")


def _steady(above: Path) -> None:
    """A folder above, in which nobody else may give the next one another name and put one of theirs in its place.

    :raises CourseError: when somebody else could
    """
    found = above.stat()
    sticky = found.st_mode & stat.S_ISVTX
    system = Path(above.anchor).stat().st_uid  # root, or the one who stands for it in a container
    if found.st_uid not in (0, system, os.geteuid()) or (found.st_mode & stat.S_IWOTH and not sticky):
        raise CourseError(f"Somebody else could exchange what lies in {above}, and stand in for a part of the Hub. Name a folder as 'sockets' above which only root and the Hub's account may write, such as one in /run.")


def part(base: Path, kind: str, name: str = "") -> Path:
    """The folder of a part: a short name, since a socket's path may not be long."""
    short = name if _SHORT.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:16]
    return base / (f"{kind}-{short}" if name else kind)


def encoded(path: Path) -> str:
    """A socket's path as the host of an address."""
    return "".join(chr(byte) if chr(byte).isascii() and (chr(byte).islower() or chr(byte).isdigit() or byte in b".-") else f"%{byte:02x}" for byte in os.fsencode(path))


def address(path: Path, rest: str = "") -> str:
    """A socket's address.

    :param rest: the path behind it, with a slash in front
    """
    return f"http+unix://{encoded(path)}{rest}"


def service_address(path: Path) -> str:
    """A socket's address for JupyterHub's list of services, which takes 'http' only: a host that no name can be."""
    return f"http://{encoded(path)}"


def socket_of(url: str) -> Path | None:
    """The socket that an address leads to, or nothing when it is an ordinary one."""
    host = urlparse(url).hostname or ""
    return Path(unquote(host)) if host.startswith("%2f") else None


def listen(path: Path) -> socket.socket:
    """Listen, in place of whoever did before; those in the folder's group may come in.

    :raises OSError: when it cannot be
    """
    entered = path.parent.stat().st_mode & stat.S_IXGRP
    return bind_unix_socket(str(path), mode=0o660 if entered else 0o600)
