"""Archives of nbgrader's files, as they travel over HTTP: looked through before anything is kept or written.

What an archive may hold is files with plain relative names. No links, no device files, no way out of its folder, no two
names that are one on some system; and all of it together stays within what was allowed, whatever its headers say.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping

_PART = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,120}")
_MADE = (1980, 1, 1, 0, 0, 0)  # archives of the same files are the same bytes
DEEPEST = 12


class BadArchive(ValueError):
    """An archive that is none, or holds what it may not; the message names no file."""


def unpacked(data: bytes, limit: int, files: int) -> dict[str, bytes]:
    """An archive's files by their names.

    :param limit: bytes of all of them together, unpacked
    :param files: how many there may be
    :raises BadArchive: when it is none, or holds a link, a name that leads out, or too much
    """
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > files:
                raise BadArchive(f"It holds more than {files} files.")
            left = limit
            for entry in entries:
                name = _plain(entry)
                if entry.is_dir():
                    continue
                with archive.open(entry) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise BadArchive(f"It holds more than {limit} bytes.")
                found[name] = content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise error if isinstance(error, BadArchive) else BadArchive("It is no archive that can be read.") from None
    folded = {name.casefold() for name in found}
    if len(folded) < len(found) or any(f"{one}/" in f"{name}/" and one != name and name.startswith(f"{one}/") for one in folded for name in folded):
        raise BadArchive("Two of its names are one.")
    return found


def packed(files: Mapping[str, bytes]) -> bytes:
    """Files as an archive; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MADE)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return out.getvalue()


def _plain(entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    name = entry.filename.rstrip("/") if entry.is_dir() else entry.filename
    parts = name.split("/")
    plain = all(_PART.fullmatch(part) and part not in (".", "..") and not part.endswith((" ", ".")) for part in parts)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or entry.flag_bits & 1 or len(parts) > DEEPEST or not plain:
        raise BadArchive("It holds a link, or a name that is not plain.")
    return name
