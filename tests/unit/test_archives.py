"""Archives: what is taken, and everything that is refused at the door, since it could never be collected or costs too much."""

from __future__ import annotations

import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from patient_partner_mentor.archives import BadArchive, packed, unpacked
from patient_partner_mentor.hub.mailbox import OWN_FILES
from tests.made_archives import archive

LIMIT, FILES = 2_000_000, 20


def take(data: bytes) -> dict[str, bytes]:
    return unpacked(data, LIMIT, FILES, OWN_FILES)


def patched(data: bytes, *places: tuple[bytes, int, str, int]) -> bytes:
    """The archive with numbers of its headers changed: (mark, offset, format, value)."""
    raw = bytearray(data)
    for mark, offset, form, value in places:
        struct.pack_into(form, raw, raw.rindex(mark) + offset, value)
    return bytes(raw)


ENTRY, FILE, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
SMALL = archive(("module.ipynb", b"{}"))
BOMB = archive(("x", bytes(LIMIT + 1)))


def overlapping() -> bytes:
    """Twenty entries of one content, as in https://www.bamsoftware.com/hacks/zipbomb/."""
    one = archive(("x", bytes(90_000)))
    head = one.index(ENTRY)
    entry, body = one[head : one.index(END)], one[:head]
    entries = b"".join(entry[:46] + bytes([65 + number]) for number in range(FILES))
    end = struct.pack("<4s4H2LH", END, 0, 0, FILES, FILES, len(entries), len(body), 0)
    return body + entries + end


def many_entries() -> bytes:
    """A list of 100,000 files that says it has one."""
    one = archive(("x", b""))
    entry = one[one.index(ENTRY) : one.index(END)]
    entries = entry * 100_000
    return one[: one.index(ENTRY)] + entries + struct.pack("<4s4H2LH", END, 0, 0, 1, 1, len(entries), one.index(ENTRY), 0)


BAD = {
    "nothing": b"",
    "no archive": b"no archive",
    "an empty end": END,
    "a broken LZMA": archive(("x", b"words" * 99), method=zipfile.ZIP_LZMA).replace(b"\x09\x04\x05\x00", b"\x09\x04\x05\xff"),
    "a good LZMA": archive(("x", b"words"), method=zipfile.ZIP_LZMA),
    "bzip2": archive(("x", b"words"), method=zipfile.ZIP_BZIP2),
    **{f"method {number}": patched(SMALL, (ENTRY, 10, "<H", number), (FILE, 8, "<H", number)) for number in (1, 6, 9, 12, 14, 19, 93, 95, 97, 98, 99, 65535)},
    "encrypted": patched(SMALL, (ENTRY, 8, "<H", 1), (FILE, 6, "<H", 1)),
    "strongly encrypted": patched(SMALL, (ENTRY, 8, "<H", 0x41), (FILE, 6, "<H", 0x41)),
    "patched data": patched(SMALL, (ENTRY, 8, "<H", 0x20), (FILE, 6, "<H", 0x20)),
    "of a second disk": patched(SMALL, (END, 4, "<H", 1)),
    "more here than in all": patched(SMALL, (END, 8, "<H", 2)),
    "an offset that leads out": patched(SMALL, (END, 16, "<L", 2**32 - 1)),
    "a size of zip64": patched(SMALL, (ENTRY, 24, "<L", 2**32 - 1)),
    "a place of zip64": patched(SMALL, (END, 16, "<L", 2**32 - 1), (END, 10, "<H", 65535)),
    "a locator of zip64": SMALL[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + SMALL[-22:],
    "a newer version": patched(SMALL, (ENTRY, 6, "<H", 99)),
    "another checksum": patched(SMALL, (ENTRY, 16, "<L", 7), (FILE, 14, "<L", 7)),
    "another length": patched(SMALL, (ENTRY, 24, "<L", 1)),
    "cut off": SMALL[:-1],
    "something before it": b"#!/bin/sh\n" + SMALL,
    "something behind it": SMALL + b"\0",
    "a bomb": BOMB,
    "a bomb that says it is small": patched(BOMB, (ENTRY, 24, "<L", 1), (FILE, 22, "<L", 1)),
    "files in one another": overlapping(),
    "a list without end": many_entries(),
    "an archive that holds another's end": archive(("x", SMALL))[:-22] + SMALL[-22:],
    "too many files": archive(*((f"f{number}", b"") for number in range(FILES + 1))),
    "too many folders": archive(*((f"f{number}/", b"") for number in range(FILES + 1))),
}


def link(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = 0o120777 << 16
    return made


NAMES = [
    *(("../x",), ("/x",), ("a/../../x",), ("a\\..\\x",), ("C:x",), ("a//x",), (" ",), ("a/.",), ("x\x01",), ("x\x85",), ("x\u2028",), ("n" * 121,), ("é" * 120 + "漢" * 20,)),
    *((name,) for name in ("CON", "con.txt", "a/nul", "Com1.ipynb", "lpt9", "AUX.", "x.", "x ", "a./x", "\uff23\uff2f\uff2e")),
    *((name,) for name in ("Timestamp.txt", "timestamp.txt/x", "TIMESTAMP.TXT", "timestamp.txt.", "Submission_Secret.txt", "\uff54imestamp.txt", "time\u017ftamp.txt", "timestamp.txt/")),
    *(("A", "a"), ("a", "a/b"), ("A/x", "a"), ("caf\u00e9", "cafe\u0301"), ("\ufb01n", "fin"), ("stra\u00dfe", "strasse"), ("a", "a/"), ("x/y/z", "X/Y")),
    ("/".join("abcdefghijklm"),),
]


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_plain_archive_is_refused(name: str) -> None:
    with pytest.raises(BadArchive) as caught:
        take(BAD[name])
    assert caught.value.__context__ is None and "module" not in str(caught.value)


@pytest.mark.parametrize("names", NAMES, ids=repr)
def test_names_that_could_never_be_collected_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(BadArchive):
        take(archive(*((name, b"") for name in names)))


def test_a_link_is_refused_and_a_name_twice() -> None:
    with pytest.raises(BadArchive):
        take(archive((link("x"), b"/etc/passwd")))
    with pytest.raises(BadArchive), pytest.warns(UserWarning, match="Duplicate"):
        take(archive(("x", b"1"), ("x", b"2")))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_plain_archives_are_taken(method: int) -> None:
    files = {"module.ipynb": b"{}", "data/x.csv": b"1,2\n", "timestamp.txt": b"now", "Notes on Ünïcode 🌻.txt": bytes(100_000), "con stipation.txt": b"", "a/timestamp.txt": b""}
    assert take(archive(*files.items(), method=method)) == files
    assert take(archive(("data/", b""), *files.items(), method=method)) == files
    assert take(packed(files)) == files and packed(take(packed(files))) == packed(files)
    assert take(packed({})) == {}


def test_what_is_taken_can_be_written(tmp_path: Path) -> None:
    """The longest and deepest names that are taken are a file afterwards."""
    longest = "/".join(["d" * 120] * 11 + ["ф" * 120])
    for name, data in take(archive((longest, b"x"))).items():
        place = tmp_path / name
        place.parent.mkdir(parents=True)
        place.write_bytes(data)
        assert place.read_bytes() == b"x"


@pytest.mark.parametrize("change", [lambda raw, chance: raw.__setitem__(chance.randrange(len(raw)), chance.randrange(256)), lambda raw, chance: raw.__delitem__(chance.randrange(len(raw)))])
def test_bent_archives_are_taken_or_refused(change: Callable[[bytearray, random.Random], None]) -> None:
    """Whatever is changed in one, it is an archive or our own refusal, and never an error of a library."""
    chance, good = random.Random(9), packed({"module.ipynb": b"{}" * 50, "a/b.txt": b"words"})
    refused = 0
    for _ in range(1_500):
        raw = bytearray(good)
        for _ in range(chance.choice((1, 1, 3))):
            change(raw, chance)
        try:
            take(bytes(raw))
        except BadArchive:
            refused += 1
    assert refused > 500
