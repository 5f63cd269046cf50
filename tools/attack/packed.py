"""Archives that mean harm, as 'nbgrader submit' would send them."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterable

from .target import REFUSED, Seen, Target, attack, until


def archive(files: Iterable[tuple[str, bytes]], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Files, packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as packed:
        for name, content in files:
            packed.writestr(name, content)
    return out.getvalue()


def _submit(target: Target, data: bytes, seen: Seen) -> str:
    place = f"services/course/exchange/{target.course}/submissions/{target.curriculum.modules[0].name}"
    return seen.add(target.program.ask("POST", place, data=data)).status


@attack("refused, with little memory", needs="grader", heavy=True)
def bombs(target: Target, chance: random.Random, end: float) -> Seen:
    """Some kilobytes that unpack to hundreds of megabytes, in one file, in many, and with a header that says less."""
    seen, size = Seen(), 200_000_000 + chance.randrange(1000)
    one, many = archive([("a", bytes(size))]), archive((f"a{n}", bytes(size // 100)) for n in range(100))
    lying = bytearray(one)
    at = lying.rfind(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    bodies = [one, many, bytes(lying), archive((f"f{n}", b"") for n in range(5_000))]
    for number in until(end, 60):
        _submit(target, bodies[number % len(bodies)], seen)
    return seen.only(REFUSED)


@attack("refused with a sentence, never 500", needs="grader")
def broken_archives(target: Target, chance: random.Random, end: float) -> Seen:
    """Every kind of packing with some bytes of it turned around, cut off, or claimed to be another kind."""
    seen = Seen()
    kinds = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    for number in until(end, 120):
        whole = bytearray(archive([("module.ipynb", chance.randbytes(4_000))], kinds[number % 4]))
        for _ in range(chance.randrange(1, 30)):
            whole[chance.randrange(30, len(whole) - 30)] ^= 1 << chance.randrange(8)
        _submit(target, bytes(whole[: chance.choice((len(whole), len(whole) // 2))]), seen)
    return seen.only({"200", *REFUSED})  # a turned bit in a comment or a time does no harm


@attack("refused: what is taken can be collected", needs="grader")
def names_that_cannot_be_collected(target: Target, chance: random.Random, end: float) -> Seen:
    """Names that are nbgrader's own in another spelling, that are a file and a folder at once, or that lead out."""
    seen = Seen()
    names = ["Timestamp.txt", "TIMESTAMP.TXT", "timestamp.txt/x", "submission_secret.txt/x", "../x", "/x", "a\\..\\x", "a//b", "con:x", "x" * 300, "/".join("d" * 60)]
    pairs = [["a", "a/b"], ["a", "A"], ["module.ipynb", "module.ipynb/x"]]
    for number in until(end, 60):
        chosen = [names[number]] if number < len(names) else chance.choice([*pairs, [chance.choice(names)]])
        status = _submit(target, archive((name, b"x") for name in chosen), seen)
        seen.must(status != "200", f"{chosen!r:.60} was taken")
    return seen.only(REFUSED)
