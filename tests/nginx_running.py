"""nginx of Debian with TLS in front of a Hub, run with the configuration that the deploy guide shows."""

from __future__ import annotations

import grp
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.find_nginx import programs
from tests.hub_running import ROOT, answers_at, until

SHOWN = ROOT / "deploy" / "nginx.conf"
AS_ROOT = os.geteuid() == 0
GROUP = "www-data" if AS_ROOT else grp.getgrgid(os.getegid()).gr_name  # that nginx's workers are in
_WHOLE = """{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def certificate(folder: Path) -> Path:
    """A certificate for this machine; its key lies beside it."""
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", names]
    subprocess.run([*command, "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")], check=True, capture_output=True, timeout=60)
    return folder / "cert.pem"


@contextmanager
def nginx(folder: Path, port: int, plain_port: int, prefix: str, sockets: Path) -> Iterator[None]:
    """The server with TLS, with these names in place of the guide's.

    :param folder: with the certificate; :param sockets: of the Hub
    """
    names = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80": f"listen 127.0.0.1:{plain_port}",
        "/etc/letsencrypt/live/course.example.org/fullchain.pem": str(folder / "cert.pem"),
        "/etc/letsencrypt/live/course.example.org/privkey.pem": str(folder / "key.pem"),
        "course.example.org": "127.0.0.1",
        "/patients/": prefix,
        "/run/ppm": str(sockets),
        "/var/log/nginx": str(folder),
    }
    site = SHOWN.read_text("utf-8")
    for there, here in names.items():
        assert there in site, f"deploy/nginx.conf has no {there}"
        site = site.replace(there, here)
    (folder / "site.conf").write_text(site, "utf-8")
    (folder / "nginx.conf").write_text(_WHOLE.format(folder=folder, user=f"user {GROUP};" if AS_ROOT else ""), "utf-8")
    program = programs()
    assert program, "nginx is needed, and could not be installed. On Debian: apt install nginx"
    with (folder / "said").open("wb") as said:
        running = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stdout=said, stderr=said, stdin=subprocess.DEVNULL)
    try:
        until(lambda: running.poll() is None and answers_at(port), f"nginx; see {folder / 'said'}")
        yield
    finally:
        running.send_signal(signal.SIGQUIT)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(20)
