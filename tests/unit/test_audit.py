"""'make audit' never calls safe what it could not ask about, and says so in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tools.audit import HOLES, SOUND, UNASKED, Found, report

AWAY = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "npm_config_registry": "http://127.0.0.1:9/"}


def test_services_that_are_away_are_said_without_a_traceback(root):
    """Everything is asked at a closed port of this computer."""
    done = subprocess.run([sys.executable, "tools/audit.py"], cwd=root, env=os.environ | AWAY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == UNASKED
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(" was not audited: ")[0] for line in lines] == ["requirements/bench.txt", "requirements/audit.txt", "requirements/lock.txt", "deploy/proxy", "bench"]
    assert all(line.endswith("Run 'make audit' again where the network has it.") for line in lines)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([Found("a"), Found("b")], SOUND),
        ([Found("a"), Found("b", unasked="no answer")], UNASKED),
        ([Found("a", ("x 1: CVE, mended in 2",)), Found("b", unasked="no answer")], HOLES),
    ],
)
def test_the_code_tells_holes_from_services_that_are_away(found, code):
    assert report(found) == code
