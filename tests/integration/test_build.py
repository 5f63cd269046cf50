"""The build: no warning, nothing done twice, no change missed, nothing private in it, errors in sentences."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from patient_partner_mentor.publish.build import build

CANARY = "canary-e1f7-a-private-sentence"


@pytest.fixture(scope="module")
def own(root: Path, tmp_path_factory) -> Path:
    """A copy of the project that tests may change."""
    place = tmp_path_factory.mktemp("project")
    for name in ("src", "book", "notebooks", "assets", "requirements"):
        shutil.copytree(root / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb"))
    for name in ("_config.yml", "_toc.yml", "pyproject.toml"):
        shutil.copy(root / name, place / name)
    return place


def run(own: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """The command line, on the copy's own program."""
    command = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(own), *(arguments or ("book",))]
    variables = {**os.environ, "PYTHONPATH": str(own / "src"), **environment}
    return subprocess.run(command, cwd=own, env=variables, capture_output=True, text=True, check=False)


def edit(path: Path, old: str, new: str) -> None:
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), "utf-8")


def html(own: Path, name: str = "notebooks/1-patient-partner/module.html") -> str:
    return (own / "_build/html" / name).read_text("utf-8")


def test_nothing_changed_nothing_done(root, book):
    assert build(root) is False


def test_a_builders_journal_is_in_no_file_of_the_book_and_no_change_is_missed(own, tmp_path):
    home = tmp_path / "home"
    for place in (".local/share/patient-partner-mentor", ".ipython/profile_default/startup"):
        (home / place).mkdir(parents=True)
    journal = {"schema_version": 1, "course": "patient-partner-mentor", "module": "patient-partner", "answers": [{"text": CANARY}]}
    (home / ".local/share/patient-partner-mentor/1-patient-partner.json").write_text(json.dumps(journal))
    (home / ".ipython/profile_default/startup/hello.py").write_text(f"print({CANARY!r})")
    private = {"HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share")}

    done = run(own, **private)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Built the book." in done.stdout
    assert "WARNING" not in done.stdout + done.stderr
    for path in (own / "_build").rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    assert "Nothing changed" in run(own, **private).stdout

    edit(own / "notebooks/1-patient-partner/module.yml", "What would have made it safe to say no?", "What would have made it easier to say no?")
    edit(own / "src/patient_partner_mentor/interface/en.yml", "A good place to stop.", "A fine place to stop.")
    edit(own / "src/patient_partner_mentor/form/form.js", "const QUIET = 900;", "const QUIET = 901;")
    scripts = set((own / "_build/html/_static").glob("form.*.js"))
    assert "Built the book." in run(own, **private).stdout
    assert "made it easier to say no?" in html(own)
    assert "A fine place to stop." in html(own)
    new = set((own / "_build/html/_static").glob("form.*.js"))
    assert len(new) == 1 and new != scripts
    assert new.pop().name in html(own)


def test_a_taken_port_is_said(own):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(own, "serve", "--port", str(port), "--no-browser")
    assert done.returncode == 1
    assert f"Port {port} on this computer is taken" in done.stderr and f"ppm serve --port {port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lost_file_of_the_book_is_built_again_from_a_relative_root_too(own, monkeypatch):
    (own / "_build/html/book/help.html").unlink()
    monkeypatch.chdir(own.parent)
    assert build(Path(own.name))
    assert html(own, "book/help.html")


BREAKS = {
    "module.yml": ("notebooks/3-careful-and-kind-care/module.yml", "kind: sentence", "kind: sentense", ["module.yml, line", "field steps.1.kind", "Change it and build again"]),
    "a heading": ("notebooks/2-embrace-learnings/module.md", "## Embrace curiosity and humility", "## Embrace curiosity", ["has no heading '## Embrace curiosity and humility'", "letter for letter"]),
    "a link": ("book/closing.md", "(my-reflections.md)", "(no-such-page.md)", ["closing.md", "no-such-page"]),
    "a setting": ("_config.yml", "id: course ", "id: Our Course! ", ["ppm_deployment.id", "build again"]),
    "a step number": ("notebooks/1-patient-partner/module.md", ").step(5)", ").step(6)", ["has no step 6"]),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_file_is_refused_in_sentences(own, name):
    file, old, new, expected = BREAKS[name]
    edit(own / file, old, new)
    try:
        done = run(own)
    finally:
        edit(own / file, new, old)
    assert done.returncode == 1
    for words in expected:
        assert words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "site-packages" not in done.stderr


def test_the_course_is_served_on_this_computer_only_and_stops_quietly(root, book):
    command = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(root), "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        lines = iter(server.stdout.readline, "")
        address = next(re.search(r"http://127\.0\.0\.1:\d+/", line) for line in lines if "http://" in line)[0]
        with urlopen(address) as answer:
            assert answer.url == address + "course/" and "welcome.html" in answer.read().decode()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for path in ("course/../_config.yml", "course/%2e%2e/%2e%2e/_config.yml", "course/nowhere.html", "etc/passwd"):
            with pytest.raises(HTTPError) as refused:
                urlopen(address + path)
            assert refused.value.code in (403, 404) and b"ppm_deployment" not in refused.value.read()
        server.send_signal(signal.SIGINT)
        _, said = server.communicate(timeout=20)
    assert server.returncode == 0 and said == ""
