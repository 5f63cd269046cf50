"""The wheel carries the course, and a notebook finds its module from an installed one, outside the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory) -> Path:
    """The wheel, built from a tree with compiled modules in it, as 'make cohort' and many an environment leave them."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(root / "src/patient_partner_mentor")], check=True)
    done = subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel's content, laid out as an installer would. Whoever imports it may leave compiled modules there."""
    site = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as content:
        content.extractall(site)
    return site


def test_a_module_is_found_from_the_wheel_alone(installed, tmp_path):
    program = (
        "import patient_partner_mentor as ppm; m = ppm.module('5-develop-and-nurture-your-niche'); "
        "print(ppm.__file__); print(m.folder); print(m.data.title)"
    )
    variables = {k: v for k, v in os.environ.items() if k != "PPM_COURSE"} | {"PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    file, folder, title = done.stdout.splitlines()
    assert file.startswith(str(installed)) and folder.startswith(str(installed))
    assert title == "Develop and Nurture your Niche"


def test_the_book_can_be_built_from_the_wheel(installed):
    course = installed / "patient_partner_mentor" / "course"
    for name in ("_config.yml", "_toc.yml", "assets/course.css", "book/welcome.md", "book/help-default.yml", "notebooks/8-evaluate/module.yml"):
        assert (course / name).is_file(), name
    for name in ("publish/theme/layout.html", "publish/worker.js", "form/form.js", "form/form.css", "interface/en.yml", "schemas/module.schema.json"):
        assert (installed / "patient_partner_mentor" / name).is_file(), name


def test_nothing_built_and_nothing_private_is_in_the_wheel(root, wheel):
    assert list((root / "src/patient_partner_mentor").rglob("*.pyc"))
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert "patient_partner_mentor/cli.py" in names
    assert not [n for n in names if n.endswith((".ipynb", ".pyc")) or "_build" in n or "/tests/" in n]
