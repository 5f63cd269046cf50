"""The commands that a guide tells its reader to run, as they stand in its Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHELLS = ("console", "bash", "sh", "shell", "shell-session")
PROGRAMS = (
    "ppm", "make", "nbgrader", "jupyterhub", "jupyter", "python", "python3", "pip", "npm", "node", "openssl", "nginx", "systemctl", "psql", "pg_dump",
    "curl", "source", "export", "git", "groupadd", "useradd", "sqlite3", "apt", "rm", "sudo", "docker",
)  # fmt: skip
_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>```+|~~~+)[ ]*(?P<kind>[\w{}-]*)[^\n]*\n(?P<lines>.*?)^(?P=indent)(?P=marks) *$", re.M | re.S)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_FIRST = re.compile(rf"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/|tools/)?(?:{'|'.join(PROGRAMS)})(?= |$)")


@dataclass(frozen=True)
class Command:
    """One command of a guide.

    :param line: where it stands in its page
    :param block: whether it stands in a block, or within a sentence
    """

    page: str
    line: int
    text: str
    block: bool

    def __str__(self) -> str:
        return f"{self.page}, line {self.line}: {self.text}"


def commands(page: str, text: str) -> list[Command]:
    """All commands of a page, in order.

    A block counts when its kind is a shell's, or when it has none and begins with a program that we know; inline code
    when it begins with one and says more than its name, or is ``make`` alone.
    """
    found = []

    def number(place: int) -> int:
        return text.count("\n", 0, place) + 1

    for fence in _FENCE.finditer(text):
        if fence["kind"] in SHELLS or (not fence["kind"] and _FIRST.match(fence["lines"].strip())):
            found += [Command(page, number(fence.start("lines")) + above, line, True) for above, line in _lines(fence["lines"])]
    prose = _FENCE.sub(lambda fence: re.sub(r"[^\n]", " ", fence[0]), text)
    for code in _CODE.finditer(prose):
        said = code[2].strip()
        if _FIRST.match(said) and (" " in said or said == "make"):
            found.append(Command(page, number(code.start()), said.removeprefix("$ "), False))
    return sorted(found, key=lambda one: one.line)


def _lines(block: str) -> list[tuple[int, str]]:
    """The commands of a block with their places in it; a line that ends in a backslash goes on in the next one."""
    found: list[tuple[int, str]] = []
    going_on = False
    for place, line in enumerate(block.split("\n")):
        said = line.strip().removeprefix("$ ")
        if going_on:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{said}")
        elif said and not said.startswith("#"):
            found.append((place, said))
        going_on = bool(said) and said.endswith("\\")
    return found


def without_comment(command: str) -> str:
    """The command alone, as a shell reads it."""
    return re.sub(r"(?:^|\s+)#.*$", "", command, flags=re.M).strip()


def pages() -> list[str]:
    """Every Markdown file of the project."""
    skipped = {"node_modules", "_build", "_cohort", ".venv", ".git", ".bench", ".pytest_cache"}
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.md") if not skipped.intersection(path.relative_to(ROOT).parts))


def commands_of(page: str) -> list[Command]:
    """All commands of a page of the project."""
    return commands(page, (ROOT / page).read_text("utf-8"))
