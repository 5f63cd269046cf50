"""Build the book when something changed: ``jupyter-book`` with every warning an error, and a stamp of all inputs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import BuildError
from .offline import MANIFEST

STAMP = ".ppm-inputs.json"
PAGES = (".md",)  # Sphinx sees changes of these by itself; anything else is in every page


def build(root: Path, force: bool = False) -> str:
    """Build ``root/_build/html`` if it is stale, and say what was done: "fresh", "pages" or "all".

    A changed page is built alone; a changed module.yml, too, with the pages that name it (see ``pages``). A change of
    anything else (the form, a string, a style, a setting, the program) builds the whole book anew.

    :raises BuildError: with Sphinx's own words when there is a warning or an error
    """
    out = root / "_build"
    now = _inputs(root)
    before = _stamp(out)
    if not force and before == now and _whole(out / "html"):
        return "fresh"
    changed = {name for name in now.keys() | (before or {}).keys() if now.get(name) != (before or {}).get(name)}
    whole = force or before is None or any(not name.endswith(PAGES) for name in changed) or not _whole(out / "html")
    (out / STAMP).unlink(missing_ok=True)
    if whole:
        shutil.rmtree(out / "html", ignore_errors=True)
        shutil.rmtree(out / ".doctrees", ignore_errors=True)
        shutil.rmtree(out / ".jupyter_cache", ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(root), "-W", "--keep-going", "-q", "--path-output", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(out), check=False)
    said = done.stdout + done.stderr
    if done.returncode or "WARNING" in said:
        raise BuildError(
            "The book was not built. What Sphinx said:\n\n" + _useful(said) + "\n\nMend the file that it names and build again."
        )
    (out / STAMP).write_text(json.dumps(now, indent=0), "utf-8")
    return "all" if whole else "pages"


def _environment(out: Path) -> dict[str, str]:
    """An IPython profile of our own: the builder's start-up files stay out, and so does a warning about local sockets."""
    profile = out / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.json").write_text(json.dumps({"IPKernelApp": {"log_level": 40}}), "utf-8")
    return {**os.environ, "IPYTHONDIR": str(profile.parent), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _inputs(root: Path) -> dict[str, str]:
    here = Path(__file__).parent.parent
    places = [root / "_config.yml", root / "_toc.yml", *_files(root / "book"), *_files(root / "notebooks"), *_files(root / "assets")]
    found = {p.relative_to(root).as_posix(): _digest(p) for p in places}
    found |= {f"program/{p.relative_to(here).as_posix()}": _digest(p) for p in _files(here) if "__pycache__" not in p.parts}
    found["python"] = sys.version
    for lock in sorted(root.glob("requirements/*.txt")):
        found[lock.relative_to(root).as_posix()] = _digest(lock)
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and ".ipynb_checkpoints" not in p.parts)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stamp(out: Path) -> dict[str, str] | None:
    try:
        return json.loads((out / STAMP).read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _whole(html: Path) -> bool:
    """Whether every listed file of the last build is still there, as it was built."""
    try:
        listed = json.loads((html / MANIFEST).read_text("utf-8"))["files"]
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return all((html / name).is_file() and _digest(html / name).startswith(digest) for name, digest in listed.items())


def _useful(said: str) -> str:
    """Sphinx's warnings and errors without the trace of where in Sphinx they came up."""
    lines = [line for line in said.splitlines() if line.strip()]
    chosen = [line for line in lines if "WARNING" in line or "ERROR" in line or "Error" in line or "expected" in line]
    return "\n".join(chosen or lines[-15:])
