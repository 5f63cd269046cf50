"""What is installed is pinned, file by file: the locks name a version and hashes for everything, and no place to get it from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

LOCKS = ("audit", "bench", "cohort", "course", "lock", "test")
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ]+)((?: ; [^\\\n]*[^\\\s])?)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def pinned(root: Path, name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; a package may have one for each of several systems."""
    text = (root / f"requirements/{name}.txt").read_text("utf-8")
    found: dict[str, set[str]] = {}
    for match in REQUIREMENT.finditer(text):
        found.setdefault(match[1], set()).add(match[2])
    rest = [line for line in REQUIREMENT.sub("", text).splitlines() if line and not line.startswith("    #")]
    assert not rest, f"requirements/{name}.txt: neither a version with hashes nor a reason. Run 'make lock'."
    return found


def named(requirements: list[str]) -> set[str]:
    """The packages' names in some requirements, as a lock writes them."""
    return {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", one)[0]).lower() for one in requirements}


def test_all_locks_are_there(root):
    assert sorted(path.stem for path in (root / "requirements").iterdir()) == list(LOCKS)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes_and_no_address(root, name):
    assert pinned(root, name)
    assert "://" not in (root / f"requirements/{name}.txt").read_text("utf-8")


def test_what_the_project_asks_for_is_pinned(root):
    """Somebody who adds a dependency runs 'make lock'."""
    asked = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    groups, cohort = asked["dependency-groups"], asked["project"]["optional-dependencies"]["cohort"]
    course = asked["project"]["dependencies"] + groups["build"]
    wanted = {
        "audit": groups["audit"],
        "course": course,
        "cohort": course + cohort,
        "test": course + cohort + groups["test"],
        "bench": course + cohort + groups["test"] + groups["bench"],
        "lock": groups["lock"],
    }
    assert {name: named(wanted[name]) - set(pinned(root, name)) for name in LOCKS} == {name: set() for name in LOCKS}
    assert named(asked["build-system"]["requires"]) <= named(groups["build"])


def test_the_locks_of_one_environment_agree(root):
    """They are installed one after the other; what one brought the next one leaves."""
    order = [pinned(root, name) for name in ("course", "cohort", "test", "bench")]
    for smaller, larger in zip(order, order[1:], strict=False):
        assert {name: larger.get(name) for name in smaller} == smaller


def test_the_proxy_is_pinned_with_hashes_and_no_address(root):
    lock = json.loads((root / "deploy/proxy/package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages["node_modules/configurable-http-proxy"]["version"] == lock["packages"][""]["dependencies"]["configurable-http-proxy"]
    assert not [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-") or "resolved" in one]


INSTALLS = ("Makefile", "deploy/README.md", ".github/workflows/pages.yml", "README.md", "book/operators-guide.md", "book/facilitators-guide.md")


@pytest.mark.parametrize("name", INSTALLS)
def test_every_install_asks_for_hashes(root, name):
    """pip takes files whose hashes it knows, or this project itself with nothing besides; npm takes what its lock says."""
    text = (root / name).read_text("utf-8")
    for line in re.findall(r"^.*pip install .*$", text, re.MULTILINE):
        assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line or line.startswith("PIP := "), line
    assert not re.search(r"npm (install|i) |npx ", text)
