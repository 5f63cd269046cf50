"""Try the course on a bare machine: Debian's smallest base in a folder, a clone of this repository in it, and an empty environment.

    python3 tools/bare_machine.py FOLDER                 # runs 'make serve' until the course answers
    python3 tools/bare_machine.py FOLDER make test       # or any other command

It needs root, debootstrap and leave to mount. Where packages come from is what this machine is set up with: its files for
apt, pip and npm and its certificates are copied, and nothing of its environment. The base is made once and stays; each run
takes the newest commit of this clone. What was mounted is unmounted again, whatever happens.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,make,git,ca-certificates"
SETTINGS = ("/etc/apt", "/etc/pip.conf", "/etc/xdg/pip", "/etc/ssl/certs/ca-certificates.crt", "/etc/resolv.conf", "/etc/hosts")
NPM_SETTINGS = ("/usr/etc/npmrc", "/usr/local/etc/npmrc", "/etc/npmrc")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
MOUNTS = (("proc", "proc", ""), ("tmpfs", "tmp", "mode=1777"), ("tmpfs", "dev", "mode=0755"), ("devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620"), ("tmpfs", "dev/shm", "mode=1777"))
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
ANSWERS = re.compile(r"http://127\.0\.0\.1:\d+/\S*")
MINUTES = 20  # until the course answers: most of it is the packages' way over the network


def why_not() -> str:
    """Why no base can be made here, as a sentence; nothing where one can."""
    if os.geteuid() != 0:
        return "A bare machine can be made by root only."
    if not shutil.which("debootstrap"):
        return "A bare machine is made by debootstrap, which is not here: apt install debootstrap."
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        return "A bare machine needs mounts of its own, and this system does not allow any."
    return ""


def mirror() -> str:
    """Where this machine has its Debian packages from, by apt's own files."""
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list")), *sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))]
    text = "\n".join(path.read_text("utf-8") for path in places if path.is_file())
    found = re.search(rf"^(?:URIs: *|deb (?:\[[^]]*\] )?)(\S+)(?: {SUITE} |\nSuites: *(?:\S+ )*{SUITE}\b)", text, re.MULTILINE)
    if not found:
        sys.exit(f"apt's files on this machine name no place for Debian's {SUITE}, so its base cannot be had.")
    return found[1]


def make_base(place: Path) -> None:
    """Debian's smallest base with the few packages that the README asks for, and this machine's ways to its registries."""
    if not (place / "usr/bin/make").exists():
        print(f"Making a bare Debian {SUITE} in {place} (once, a minute or two) ...", flush=True)
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(place), mirror()], check=True, stdout=subprocess.DEVNULL)
    for name in SETTINGS:
        there = place / name.lstrip("/")
        if Path(name).is_dir():
            shutil.copytree(name, there, symlinks=True, dirs_exist_ok=True)
        elif Path(name).exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.unlink(missing_ok=True)
            shutil.copy(name, there)
    # The npm of the base comes with a wheel and does not look where this machine's does; the account's own file it reads.
    found = [path.read_text("utf-8") for path in (*map(Path, NPM_SETTINGS), Path.home() / ".npmrc") if path.is_file()]
    (place / "root/.npmrc").write_text("\n".join(found), "utf-8")
    (place / "root/.npmrc").chmod(0o600)


def lay_clone(place: Path) -> None:
    """The newest commit of this clone, as somebody would get it; what was built there before is gone."""
    course = place / "srv/course"
    shutil.rmtree(course, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(course)], check=True)


@contextmanager
def mounted(place: Path) -> Iterator[None]:
    """The file systems of the kernel's that programs expect."""
    done: list[Path] = []
    try:
        for kind, name, options in MOUNTS:
            (place / name).mkdir(exist_ok=True)
            subprocess.run(["mount", "-t", kind, *(["-o", options] if options else []), kind, str(place / name)], check=True)
            done.append(place / name)
            if name == "dev":
                _devices(place / name)
        yield
    finally:
        for one in reversed(done):
            subprocess.run(["umount", "--lazy", str(one)], check=False)


def _devices(folder: Path) -> None:
    for name in DEVICES:
        there = os.stat(f"/dev/{name}")
        os.mknod(folder / name, there.st_mode, there.st_rdev)
        (folder / name).chmod(0o666)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx")):
        (folder / name).symlink_to(target)


def started(place: Path, words: list[str], **more: object) -> subprocess.Popen[str]:
    """A command in the clone, in the base, with an empty environment and process numbers of its own, so that all of it ends with it."""
    inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", str(place), "env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items())]
    return subprocess.Popen([*inside, "sh", "-c", 'cd /srv/course && mount -t proc proc /proc && exec "$@"', "sh", *words], text=True, **more)


def serve(place: Path) -> int:
    """Run 'make serve' until it says where the course is, and ask there from inside."""
    process = started(place, ["make", "serve"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    watch = time.monotonic() + 60 * MINUTES
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            if address := ANSWERS.search(line):
                ask = "import sys, urllib.request; sys.exit(urllib.request.urlopen(sys.argv[1], timeout=60).status != 200)"
                answered = subprocess.run(["python3", "-c", ask, address[0]], check=False, stderr=subprocess.DEVNULL).returncode == 0
                print("'make serve' works: the course answers." if answered else "'make serve' says where the course is, and nothing answers there.")
                return int(not answered)
            if time.monotonic() > watch:
                break
        print(f"'make serve' ended, or took more than {MINUTES} minutes.", file=sys.stderr)
        return 1
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a command with all that it started."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def main(words: list[str]) -> int:
    """Make the base where it is missing, and run the command in it."""
    if not words or words[0].startswith("-"):
        print(__doc__)
        return 2
    if said := why_not():
        print(said, file=sys.stderr)
        return 3
    place, command = Path(words[0]).resolve(), words[1:]
    make_base(place)
    lay_clone(place)
    with mounted(place):
        if command in ([], ["make", "serve"]):
            return serve(place)
        process = started(place, command)
        try:
            return process.wait()
        finally:
            end(process)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
