"""Build the book when something changed: ``jupyter-book`` with every warning an error, and a stamp of all inputs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import yaml
from filelock import FileLock

from ..cards import day
from ..curriculum import load_course
from ..deployment import load_deployment
from ..errors import BuildError, CurriculumError
from ..interface import MODE_SETTING, Mode
from .offline import MANIFEST
from .shell import SHELL_FILE

STAMP = ".ppm-inputs.json"
COHORT_PAGES = "book/cohort"  # pages that only a cohort's book has
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_PACKAGE = re.compile(r"^(?:\w+\.)+(?=\w+(?:Error|Exception): )")
_TELLING = re.compile(r"(?:WARNING|ERROR|CRITICAL): |^[\w.]*(?:Error|Exception): ")


def html_folder(root: Path, mode: Mode = "alone") -> Path:
    """Where the book of this mode is built."""
    return root / "_build" / ("html" if mode == "alone" else f"{mode}/html")


def build(root: Path, force: bool = False, mode: Mode = "alone") -> bool:
    """Build the book of this mode if it is stale, and say whether it was.

    Any change of an input builds the whole book anew, in a quarter of a minute. Every page carries the menu, the
    settings and the names of the scripts, so that a page built alone could stand beside older ones; nothing that Sphinx
    or a notebook cache does not see can be missed. Two builds at once wait for each other.

    :raises CurriculumError: when module.yml or the settings cannot be used
    :raises BuildError: with Sphinx's own words when there is a warning or an error
    """
    root = root.resolve()  # the kernels run in folders of their own
    (root / "_build").mkdir(exist_ok=True)
    with FileLock(root / "_build" / ".lock"):
        return _build(root, force, mode)


def _build(root: Path, force: bool, mode: Mode) -> bool:
    html = html_folder(root, mode)
    out = html.parent
    now = _inputs(root)
    if not force and _stamp(out) == now and _whole(html):
        return False
    _check(root)
    (out / STAMP).unlink(missing_ok=True)
    for folder in ("html", ".doctrees", "_build"):
        shutil.rmtree(out / folder, ignore_errors=True)
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", str(root), "-W", "--keep-going", "-q"]
    command += ["--path-output", str(root)] if mode == "alone" else ["--path-output", str(out), "--toc", str(_contents(root, out))]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(out, mode), check=False)
    said = done.stdout + done.stderr
    if mode != "alone":
        for part in ("html", ".doctrees", SHELL_FILE):
            if (out / "_build" / part).exists():
                (out / "_build" / part).replace(out / part)
        shutil.rmtree(out / "_build", ignore_errors=True)
    if done.returncode or "WARNING" in said:
        shutil.rmtree(html, ignore_errors=True)
        raise BuildError(
            "The book was not built. What Sphinx said:\n\n" + _useful(said) + "\n\nMend the file that it names and build again."
        )
    (out / STAMP).write_text(json.dumps(now, indent=0), "utf-8")
    return True


def _check(root: Path) -> None:
    """Read the curriculum and the settings first: their errors are plain sentences here, and traces inside Sphinx."""
    course = load_course(root)
    contents = (root / "_toc.yml").read_text("utf-8") if (root / "_toc.yml").exists() else ""
    for module in course.modules:
        if f"notebooks/{module.name}/module" not in contents:
            raise CurriculumError(
                f"_toc.yml does not name notebooks/{module.name}/module, so the book would have links to a page that is not "
                "there. Add the line where the module belongs, or move its folder away."
            )
    try:
        config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
        settings = config["sphinx"]["config"]["ppm_deployment"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise CurriculumError(
            f"{root / '_config.yml'} cannot be read, or has no part sphinx: config: ppm_deployment. "
            "Is this the course's own folder? Compare the file with the one that came with the course."
        ) from None
    deployment = load_deployment(settings or {}, root)
    if deployment.help.review_date < date.today():
        print(
            f"Note: the help box was to be looked at again by {day(deployment.help.review_date)}. Check that its numbers and "
            "links are still right, and set a new review_date.",
            file=sys.stderr,
        )


def _contents(root: Path, out: Path) -> Path:
    """The cohort's table of contents: the course's own, and the pages on sharing."""
    contents = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    pages = sorted(path.relative_to(root).with_suffix("").as_posix() for path in (root / COHORT_PAGES).glob("*.md"))
    if pages:
        contents["parts"].append({"caption": "Your cohort", "chapters": [{"file": page} for page in pages]})
    out.mkdir(parents=True, exist_ok=True)
    (out / "_toc.yml").write_text(yaml.safe_dump(contents, sort_keys=False), "utf-8")
    return out / "_toc.yml"


def _environment(out: Path, mode: Mode) -> dict[str, str]:
    """An IPython profile of our own: the builder's start-up files stay out, and so does a warning about local sockets."""
    profile = out / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.json").write_text(json.dumps({"IPKernelApp": {"log_level": 40}}), "utf-8")
    return {**os.environ, MODE_SETTING: mode, "IPYTHONDIR": str(profile.parent), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _inputs(root: Path) -> dict[str, str]:
    here = Path(__file__).parent.parent
    places = [root / "_config.yml", root / "_toc.yml", *_files(root / "book"), *_files(root / "notebooks"), *_files(root / "assets")]
    found = {p.relative_to(root).as_posix(): _digest(p) for p in places}
    program = [p for p in _files(here) if "__pycache__" not in p.parts and not p.is_relative_to(here / "course")]  # the course that a wheel carries is another's
    found |= {f"program/{p.relative_to(here).as_posix()}": _digest(p) for p in program}
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
    """Sphinx's warnings, and the errors of notebooks and of ours, without the traces of where they came up."""
    lines = [_COLOR.sub("", line).strip() for line in said.splitlines()]
    chosen = [_PACKAGE.sub("", line) for line in lines if _TELLING.search(line) and not line.startswith(("raise ", "RuntimeError"))]
    return "\n".join(dict.fromkeys(chosen)) or "\n".join([line for line in lines if line][-15:])
