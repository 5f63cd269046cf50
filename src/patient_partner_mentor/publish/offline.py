"""The copy for use without a connection: a service worker that keeps the listed files of one edition of the book."""

from __future__ import annotations

import hashlib
import json
from html import escape
from pathlib import Path

from ..deployment import Deployment
from ..interface import text

HERE = Path(__file__).parent
MANIFEST = "edition.json"
LEFT_OUT_NAMES = {MANIFEST, "sw.js", ".buildinfo", ".nojekyll", "objects.inv", "404.html"}
LEFT_OUT_FOLDERS = ("_sphinx_design_static/", "_sources/")
HASHED = ("cohort", "course", "form", "noticing", "page", "record", "reflections", "share", "theme")
SPHINX_PICTURES = ("file.png", "minus.png", "plus.png")
KEPT_STATIC = ("documentation_options.js", "doctools.js", "sphinx_highlight.js", "language_data.js", "searchtools.js")
LEFT_OUT_ENDINGS = {".map", ".txt", ".py"}


def write(out: Path, deployment: Deployment) -> None:
    """Write the front door, the page for a wrong address, the web manifest, the list of files and the service worker."""
    from .site import POLICY

    front = "book/welcome.html"
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
    name = escape(deployment.name)
    style = next((out / "_static").glob("course.*.css")).name
    (out / "index.html").write_text(
        f'{head}<meta http-equiv="refresh" content="0; url={front}">\n<link rel="stylesheet" href="_static/{style}">\n<title>{name}</title>\n</head>\n'
        f'<body><main><h1>{name}</h1><p><a href="{front}">{escape(text("course.page_missing_link"))}</a></p></main></body>\n</html>\n',
        "utf-8",
    )
    (out / "404.html").write_text(
        f"{head}<title>{escape(text('course.page_missing'))} · {name}</title>\n</head>\n"
        f"<body><main><h1>{escape(text('course.page_missing'))}</h1><p>{escape(text('course.page_missing_text'))}</p></main></body>\n</html>\n",
        "utf-8",
    )
    (out / "course.webmanifest").write_text(
        json.dumps(
            {
                "name": deployment.name,
                "short_name": deployment.name[:24],
                "start_url": front,
                "scope": "./",
                "display": "standalone",
                "background_color": "#fbf8f3",
                "theme_color": "#0d5a5a",
                "icons": [{"src": f"_static/icon-{n}.png", "sizes": f"{n}x{n}", "type": "image/png"} for n in (192, 512)],
            }
        ),
        "utf-8",
    )
    (out / ".nojekyll").write_text("")
    listed = {
        str(path.relative_to(out).as_posix()): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in sorted(out.rglob("*"))
        if path.is_file() and _kept(path, out)
    }
    edition = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:12]
    (out / MANIFEST).write_text(json.dumps({"edition": edition, "files": listed}, indent=0), "utf-8")
    worker = (HERE / "worker.js").read_text("utf-8")
    (out / "sw.js").write_text(worker.replace("__EDITION__", edition).replace("__FILES__", json.dumps(listed)), "utf-8")


def _kept(path: Path, out: Path) -> bool:
    relative = path.relative_to(out).as_posix()
    if relative in LEFT_OUT_NAMES or path.suffix in LEFT_OUT_ENDINGS or relative.startswith(LEFT_OUT_FOLDERS):
        return False
    if relative.startswith("_static/"):
        inner = relative.removeprefix("_static/")
        if "/" in inner:
            return False
        picture = path.suffix in (".svg", ".png") and inner not in SPHINX_PICTURES
        return picture or inner.split(".")[0] in HASHED or inner in KEPT_STATIC
    return True
