"""Archives of nbgrader's files, as they travel over HTTP: looked through before anything is kept or written.

What an archive may hold is files with plain relative names, stored or deflated. No links, no device files, no way out of its
folder, no two names that are one on some system; and all of it together stays within what was allowed, whatever its headers say.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping

from .limits import ARCHIVE_DEPTH, NAME, Clock, Unreadable

_PART = re.compile(rf"[^\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?\"<>|]{{1,{NAME}}}")
_LONGEST = 255  # bytes of a name on most systems
_RESERVED = frozenset(("con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10))))
_MADE = (1980, 1, 1, 0, 0, 0)  # archives of the same files are the same bytes
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END = struct.Struct("<4s4H2LH")  # https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
_ZIP64 = 20  # bytes of what stands before the end of an archive that is larger than any of ours
_ENTRY = 2_048  # bytes that a file takes in the list at the end, at most
_STEP = 1_000_000
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, IndexError, OverflowError)


class BadArchive(ValueError):
    """An archive that is none, or holds what it may not; the message names no file."""


def unpacked(data: bytes, limit: int, files: int, beside: Collection[str] = ()) -> dict[str, bytes]:
    """An archive's files by their names.

    :param limit: bytes of all of them together, unpacked
    :param files: how many there may be
    :param beside: names that later stand beside them; an archive may hold these very names, and none that is like them
    :raises BadArchive: when it is none, or holds a link, a name that leads out, or too much
    """
    try:
        _whole(data, files)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [_plain(entry) for entry in entries]
            if len(names) > files:
                raise BadArchive(f"It holds more than {files} files.")
            _apart(entries)
            kinds = [entry.is_dir() for entry in entries]
            _no_two_are_one([n for n, folder in zip(names, kinds, strict=True) if not folder], [n for n, folder in zip(names, kinds, strict=True) if folder], beside)
            return _contents(archive, limit)
    except BadArchive:
        raise
    except Unreadable:
        pass
    except _BROKEN:
        pass
    raise BadArchive("It is no archive that can be read.")  # out here: an error of a library names what was sent


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


def folded(name: str) -> str:
    """A name as systems see it that take small and capital letters, or letters and their marks, for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _whole(data: bytes, files: int) -> None:
    """Look at the end of it before anything is built from it: nothing stands before or behind, and the list is no longer than its files."""
    if len(data) < _END.size or data[-_END.size - _ZIP64 :][:4] == b"PK\x06\x07":
        raise BadArchive("It is no archive that can be read.")
    mark, disk, first, here, entries, size, start, comment = _END.unpack(data[-_END.size :])
    if mark != b"PK\x05\x06" or disk or first or here != entries or comment or start + size + _END.size != len(data):
        raise BadArchive("It is no archive that can be read.")
    if entries > files or size > files * _ENTRY:
        raise BadArchive(f"It holds more than {files} files.")


def _plain(entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    name = entry.filename.rstrip("/") if entry.is_dir() else entry.filename
    parts = name.split("/")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or len(parts) > ARCHIVE_DEPTH or not all(map(_is_plain, parts)):
        raise BadArchive("It holds a link, or a name that is not plain.")
    if entry.flag_bits & 1 or entry.compress_type not in _METHODS:
        raise BadArchive("It is packed in a way that is not read here.")
    return name


def _is_plain(part: str) -> bool:
    """Whether every system can have a file of this name."""
    if not _PART.fullmatch(part) or part in (".", "..") or part.endswith((" ", ".")) or len(part.encode()) > _LONGEST:
        return False
    return folded(part).split(".")[0].strip() not in _RESERVED


def _apart(entries: Iterable[zipfile.ZipInfo]) -> None:
    """No two of them share bytes: a small archive of large files would."""
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < end:
            raise BadArchive("It is no archive that can be read.")
        end = entry.header_offset + 30 + len(entry.orig_filename) + entry.compress_size


def _no_two_are_one(files: Collection[str], folders: Collection[str], beside: Collection[str]) -> None:
    kept = [*(folded(name) for name in files if name not in beside), *map(folded, beside)]
    above = {folded(name) for name in folders}
    for name in (*files, *folders):
        parts = folded(name).split("/")
        above.update("/".join(parts[:count]) for count in range(1, len(parts)))
    if len(set(kept)) < len(kept) or len(set(files)) < len(files) or above.intersection(kept):
        raise BadArchive("Two of its names are one.")


def _contents(archive: zipfile.ZipFile, limit: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    clock, left = Clock(), limit
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        with archive.open(entry) as file:
            pieces = []
            while piece := file.read(min(_STEP, left + 1)):
                clock.check()
                pieces.append(piece)
                left -= len(piece)
                if left < 0:
                    raise BadArchive(f"It holds more than {limit} bytes.")
        found[entry.filename] = b"".join(pieces)
        if len(found[entry.filename]) != entry.file_size:
            raise BadArchive("It is no archive that can be read.")
    return found
