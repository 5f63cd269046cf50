"""A PostgreSQL of the tests' own: a cluster in a folder, on a socket in it and on no network. Installed by apt if need be."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.debian_packages import install


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, or nothing where there are none and they cannot be installed."""
    found = _found()
    if not found:
        install("postgresql")
        found = _found()
    return found


@contextmanager
def running_postgres(folder: Path) -> Iterator[str | None]:
    """The address of an empty database ``ppm`` on a cluster in this folder; nothing where there is no PostgreSQL.

    :param folder: empty, with a short path: a socket's may have some hundred characters
    """
    place = programs()
    if place is None:
        yield None
        return
    user = None
    if os.geteuid() == 0:  # it refuses to run as root
        user = "postgres" if "postgres" in {one.pw_name for one in pwd.getpwall()} else "nobody"
        shutil.chown(folder, user)
    data = folder / "data"

    def run(program: str, *words: str) -> None:
        subprocess.run([str(place / program), *words], check=True, capture_output=True, user=user, cwd=folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    run("initdb", "-D", str(data), "-U", "ppm", "-A", "trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "start")
    try:
        run("createdb", "-h", str(folder), "-U", "ppm", "ppm")
        yield f"postgresql://ppm@/ppm?host={folder}"
    finally:
        run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


def _found() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    name = str(versions[-1]) if versions else shutil.which("initdb")
    return Path(name).parent if name else None
