"""The peer: the same module page as a stock Jupyter Book 1, the forms as ordinary anywidgets on stock widget machinery."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from patient_partner_mentor.cells import COURSE_SETTING
from patient_partner_mentor.form.form import HOST_SETTING

from .widgets import MANAGER, REQUIRE

COPIED = ("book", "notebooks", "assets")
WIDGETS = "widgets"


def build(root: Path, page: str, folder: Path, machinery: dict[str, Path]) -> Path:
    """Build the peer of ``root`` in ``folder`` and give the folder of its site.

    The page and its data are ours, letter for letter. Every other page is its title alone: the contents beside the
    page stay the same, and the search index, which stock pages load, gets smaller. Theme, extensions and options are
    Jupyter Book's own.

    :param page: the page's name as in ``_toc.yml``
    :param machinery: files by the names to serve, see :mod:`bench.widgets`
    :raises RuntimeError: if the book cannot be built, or has no widgets
    """
    for name in COPIED:
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "*.ipynb"))
    shutil.copy(root / "_toc.yml", folder)
    (folder / "_config.yml").write_text(yaml.safe_dump(_settings(root), sort_keys=False), "utf-8")
    for path in folder.rglob("*.md"):
        if path != folder / f"{page}.md":
            path.write_text(f"# {_title(path)}\n", "utf-8")
    profile = folder / "ipython"
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder), "-q"]
    environment = {**os.environ, HOST_SETTING: "page", COURSE_SETTING: str(folder), "IPYTHONDIR": str(profile)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    html = folder / "_build/html"
    built = html / f"{page}.html"
    if done.returncode or not built.exists() or "widget-view+json" not in built.read_text("utf-8"):
        raise RuntimeError(f"The stock book was not built:\n{done.stdout}{done.stderr}")
    (html / WIDGETS).mkdir()
    for name, path in machinery.items():
        # require.js looks for "anywidget" beside the page, as nothing tells it otherwise; this costs the peer no request.
        shutil.copy(path, (built.parent if name == "anywidget.js" else html / WIDGETS) / name)
    return html


def _settings(root: Path) -> dict[str, object]:
    """Our title and logo, and no other setting of ours; MyST-NB's two addresses of the machinery are local files."""
    ours = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    local = {f"/{WIDGETS}/{REQUIRE}": {}, f"/{WIDGETS}/{MANAGER}": {"data-jupyter-widgets-cdn": f"/{WIDGETS}/"}}
    return {
        "title": ours["title"],
        "author": ours["author"],
        "copyright": ours["copyright"],
        "logo": "assets/logo.svg",
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": "force", "timeout": 120},
        "sphinx": {"config": {"nb_ipywidgets_js": local}},
    }


def _title(path: Path) -> str:
    found = re.search(r"^# (.+)$", path.read_text("utf-8"), re.M)
    return found[1] if found else path.stem
