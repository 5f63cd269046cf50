"""One server for both sites: each file compressed once, with the same rules for caching."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

ADDRESS = "127.0.0.1"
LEVEL = 6  # gzip's own default, and that of the common servers
CACHING = "max-age=600"  # what GitHub Pages sends, for every file
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
         ".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json",
         ".woff2": "font/woff2", ".woff": "font/woff", ".ttf": "font/ttf"}
PACKED = {".png", ".woff2", ".woff", ".jpg", ".webp", ".gif"}


@cache
def compressed(path: Path) -> bytes:
    """The body that is served for a file: gzip, or as it is if its format is compressed by itself."""
    content = path.read_bytes()
    return content if path.suffix in PACKED else gzip.compress(content, LEVEL, mtime=0)


class _File(RequestHandler):
    """Sends a file of a site."""

    def initialize(self, site: Path) -> None:
        self.site = site

    def get(self, name: str) -> None:
        path = (self.site / name).resolve()
        if not path.is_relative_to(self.site) or not path.is_file():
            raise HTTPError(404)
        body = compressed(path)
        self.set_header("Content-Type", TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream")
        self.set_header("Cache-Control", CACHING)
        self.set_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:16]}"')
        self.set_header("Vary", "Accept-Encoding")
        if path.suffix not in PACKED:
            self.set_header("Content-Encoding", "gzip")
        if self.check_etag_header():
            self.set_status(304)
        else:
            self.finish(body)

    def compute_etag(self) -> None:
        return None  # set above, without hashing the body once more at the end of each request


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve a site on a free port of the loopback address, from a thread; gives its address with a slash at the end.

    Every file is compressed before the first request, so that no visit waits for that.
    """
    site = site.resolve()
    for path in site.rglob("*"):
        if path.is_file():
            compressed(path)
    ready, found = threading.Event(), {}

    async def main() -> None:
        sockets = bind_sockets(0, ADDRESS)
        server = HTTPServer(Application([("/(.*)", _File, {"site": site})], log_function=lambda handler: None))
        server.add_sockets(sockets)
        found.update(port=sockets[0].getsockname()[1], loop=asyncio.get_running_loop(), stop=asyncio.Event())
        ready.set()
        await found["stop"].wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://{ADDRESS}:{found['port']}/"
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join()
