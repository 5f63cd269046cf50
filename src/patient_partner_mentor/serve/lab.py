"""JupyterLab over the course, for one person: the modules open as notebooks, and their forms keep a journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .book import ADDRESS

VIEWERS = {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}
OVERRIDES = {
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": VIEWERS},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}


def environment(root: Path, data: Path) -> dict[str, str]:
    """What JupyterLab and its kernels are told: who it is for, where the course is, and that MyST opens as a notebook."""
    place = data / "lab"
    config = place / "config" / "labconfig"
    config.mkdir(mode=0o700, parents=True, exist_ok=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(OVERRIDES), "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PPM_", "JUPYTERHUB_"))}
    own = {"PPM_HOST": "kernel", "PPM_DATA": str(data), "PPM_COURSE": str(root)}
    places = {"JUPYTERLAB_SETTINGS_DIR": str(place / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces")}
    return kept | own | places | {"JUPYTER_CONFIG_PATH": str(place / "config"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def lab(root: Path, port: int, data: Path, open_browser: bool) -> int:
    """Run JupyterLab on the loopback address until it is stopped, and give its exit code.

    :param port: a port on 127.0.0.1; JupyterLab takes the next one that is free
    :param data: the data folder of the person whose computer it is, the same as of ``ppm serve``
    """
    first = next(path for path in sorted((root / "notebooks").glob("1-*/module.md")))
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.ip={ADDRESS}", f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{first.relative_to(root).as_posix()}", "--LabApp.news_url=None", *([] if open_browser else ["--no-browser"]),
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if os.name != "posix":
        return subprocess.run(command, cwd=root, env=environment(root, data), check=False).returncode
    # Kernels at sockets: what one says at a port of this computer is heard by every account, keys or not. A socket's path is short.
    with tempfile.TemporaryDirectory(prefix="ppm-") as run:
        return subprocess.run([*command, "--KernelManager.transport=ipc"], cwd=root, env=environment(root, data) | {"JUPYTER_RUNTIME_DIR": run}, check=False).returncode
