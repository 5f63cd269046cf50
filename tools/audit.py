"""Ask whether holes are known in the pinned versions: pip-audit on requirements/, npm audit on the lists of npm.

    make audit

Ends with 0 where everything was asked and nothing is known, with 1 where something is, and with 3 where a service could not
be asked. A version that a service does not know counts as not asked, since pip-audit itself would call it safe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patient_partner_mentor.errors import CourseError
from patient_partner_mentor.hub.proxy import node_and_npm, trusting

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("bench", "audit", "lock")  # bench holds what course, cohort and test hold
NPM = ("deploy/proxy", "bench")
SOUND, HOLES, UNASKED = 0, 1, 3
MINUTES = 10


@dataclass(frozen=True)
class Found:
    """What is known about one list: a line for each hole, and why it could not be asked, if so."""

    list: str
    holes: tuple[str, ...] = ()
    unasked: str = ""


def python_list(name: str) -> Found:
    """What pip-audit says about a list in requirements/."""
    file = ROOT / f"requirements/{name}.txt"
    program = Path(sys.prefix) / "audit/bin/pip-audit"
    said = _answer([str(program), "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "-r", str(file)])
    if not isinstance(said, dict) or "dependencies" not in said:
        return Found(str(file.relative_to(ROOT)), unasked="pip-audit could not reach the service that knows")
    holes = tuple(
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}" for one in said["dependencies"] for hole in one.get("vulns", [])
    )
    skipped = sum("skip_reason" in one for one in said["dependencies"])
    return Found(str(file.relative_to(ROOT)), holes, f"pip-audit had no answer about {skipped} of {len(said['dependencies'])} packages" if skipped else "")


def npm_list(name: str) -> Found:
    """What npm audit says about a list of npm's."""
    try:
        said = _answer([*node_and_npm(), "audit", "--json", "--package-lock-only", "--fetch-retries=0"], ROOT / name)
    except CourseError as error:
        return Found(name, unasked=str(error))
    if not isinstance(said, dict) or "vulnerabilities" not in said:
        return Found(name, unasked="npm audit could not reach the service that knows")
    return Found(name, tuple(f"{hole}: {one['severity']}, in {one['range']}" for hole, one in said["vulnerabilities"].items()))


def _answer(command: list[str], place: Path = ROOT) -> Any:
    """The JSON that a program prints, or nothing. Their exit codes do not tell a hole from a service that is away."""
    try:
        return json.loads(subprocess.run(command, cwd=place, env=trusting(os.environ), capture_output=True, text=True, timeout=60 * MINUTES, check=False).stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def report(found: list[Found]) -> int:
    """Say what is known, one line each, and give the exit code."""
    for one in found:
        for hole in one.holes:
            print(f"{one.list}: {hole}")
    for one in found:
        if one.unasked:
            print(f"{one.list} was not audited: {one.unasked}. Run 'make audit' again where the network has it.", file=sys.stderr)
    if any(one.holes for one in found):
        print("Raise these versions in pyproject.toml or package.json, and run 'make lock'.")
        return HOLES
    if any(one.unasked for one in found):
        return UNASKED
    print("No holes are known in the pinned versions.")
    return SOUND


if __name__ == "__main__":
    sys.exit(report([*map(python_list, LISTS), *map(npm_list, NPM)]))
