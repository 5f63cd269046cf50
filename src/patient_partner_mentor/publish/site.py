"""The site round the pages: scripts and styles with content hashes in their names, policy, settings, offline copy."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from rcssmin import cssmin
from rjsmin import jsmin

from .. import COURSE_ID, cells
from ..cards import day
from ..credit.rules import RULES
from ..curriculum import Module, load_course
from ..deployment import Deployment, help_box, load_deployment
from ..form import bundle, form
from ..interface import Mode, current_mode, of_mode, text, texts
from . import pages, shell

HERE = Path(__file__).parent
SERVE = HERE.parent / "serve"
AUTHOR = "Janice Tufte"
OUTLINE_DATE = "March 2024"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; frame-src https://www.youtube-nocookie.com; base-uri 'none'; form-action 'none'"
)
DATABASE = ("database.js", bundle.HERE)
AFTER_DATABASE = [("record.js", bundle.HERE), ("store.js", bundle.HERE), ("rules.js", bundle.CREDIT), ("credit.js", bundle.CREDIT)]
RECORD = [DATABASE, *AFTER_DATABASE]
SCRIPTS: dict[str, tuple[list[tuple[str, Path]], list[str] | None]] = {
    "theme.js": ([("theme.js", HERE)], []),
    "record.js": ([*RECORD, ("shelf.js", bundle.HERE)], None),
    "form.js": ([*RECORD, ("text.js", bundle.HERE), ("form.js", bundle.HERE), ("loader.js", HERE)], ["openStore", "states", "tokens"]),
    "noticing.js": ([("noticing.js", bundle.CREDIT), ("word_lists.js", bundle.CREDIT), *[(name, bundle.HERE) for name in bundle.MIRROR_PARTS]], None),
    "early.js": ([("theme.js", HERE), DATABASE, ("early.js", SERVE)], None),
    "app.js": ([*AFTER_DATABASE, *[(name, bundle.HERE) for name in ("shelf.js", "text.js", "form.js", "host_text.js", "remote.js", *bundle.MIRROR_PARTS, "talk.js", "kernel.js")], ("live.js", SERVE)], None),
    "portfolio.js": ([(name, bundle.HERE) for name in ("copies.js", "portfolio_text.js", "portfolio.js")], None),
    "page.js": ([("credited.js", HERE), ("start.js", HERE), ("place.js", HERE), ("page.js", HERE)], ["drawOverview", "drawStart", "lastPlace"]),
    "reflections.js": ([("copies.js", bundle.HERE), ("credited.js", HERE), ("reflections.js", HERE)], []),
}
COHORT = HERE / "cohort"
HOSTED = [("host_text.js", bundle.HERE), ("remote.js", bundle.HERE), ("http.js", COHORT)]
SYNCED = [*RECORD, *HOSTED, ("shelf.js", bundle.HERE), ("sync.js", COHORT)]
COHORT_SCRIPTS = SCRIPTS | {
    "record.js": (SYNCED, None),
    "form.js": (
        [*SYNCED, ("text.js", bundle.HERE), ("form.js", bundle.HERE), ("loader.js", HERE)],
        ["openStore", "openShelf", "openHosted", "synced", "states", "tokens", "call", "askState", "everything", "sync", "whose", "WHO", "blank", "change", "compare", "isKept", "SCHEMA"],
    ),
    "cohort.js": ([("cohort_text.js", bundle.HERE), *[(name, COHORT) for name in ("dom.js", "sharing.js", "account.js", "wishes.js", "comments.js", "home.js", "mine.js")]], None),
    "share.js": ([("sharing_text.js", bundle.HERE), *[(name, COHORT) for name in ("consent.js", "receipt.js", "review.js")]], []),
}
MARKERS = {"account": "@ACCOUNT@", "api": "@API@", "home": "@HOME@", "leave": "@LEAVE@", "logout": "@LOGOUT@"}  # filled in by the course service, a page at a time
FOOT_PAGES = ("how-this-works", "how-to-reflect", "glossary", "resource-library", "what-counts-as-done", "accessibility", "help", "credits", "facilitators-guide", "authors-guide", "operators-guide")
VIDEO_WORDS = ("show_video", "video_wait", "video_ready", "video_trouble")
OWN_PAGE_SCRIPTS = {"book/my-reflections", "book/certificate"}
SHARING_PAGES = {"book/cohort/before-you-share": "consent.no_script", "book/cohort/share": "share.no_script"}


class Site:
    """What the build knows: the course, the deployment, and the names of the hashed files."""

    def __init__(self, root: Path, settings: dict[str, Any], mode: Mode = "alone") -> None:
        self.root = root
        self.mode: Mode = mode
        self.course = load_course(root)
        self.deployment: Deployment = load_deployment(settings, root)
        scripts = SCRIPTS if mode == "alone" else COHORT_SCRIPTS
        self.texts: dict[str, str] = {name: jsmin(bundle.classic_script(parts, exports, mode)) for name, (parts, exports) in scripts.items()}
        self.texts["course.css"] = cssmin((root / "assets/course.css").read_text("utf-8"))
        self.texts["form.css"] = cssmin(bundle.style(alone=False))
        self.files = {name: _hashed(name, content) for name, content in self.texts.items()}
        self.with_forms: set[str] = set()


def start(app: Any) -> None:
    """Read the data before any page; tell the notebooks' kernels where they stand, and where the course is."""
    mode = current_mode()
    app.ppm_site = Site(Path(app.srcdir), app.config.ppm_deployment, mode)
    app.tags.add(mode)
    os.environ[form.HOST_SETTING] = "page"
    os.environ[cells.COURSE_SETTING] = str(app.srcdir)


def page_context(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Give the layout what it draws: scripts that this page needs, the menu, help box, footer and settings."""
    site: Site = app.ppm_site
    module = pages.module_of(app, pagename)
    is_app = pagename == shell.PAGE
    has_forms = is_app or 'class="form-place"' in context.get("body", "")
    root = "../" * pagename.count("/")
    own = pagename in OWN_PAGE_SCRIPTS
    t = partial(text, mode=site.mode)
    context["ppm"] = {
        "t": t,
        "cohort": site.mode == "cohort",
        "is_app": is_app,
        "policy": POLICY,
        "name": site.deployment.name,
        "description": site.deployment.description,
        "logo": site.deployment.logo,
        "files": site.files,
        "has_forms": has_forms,
        "scripts": ["app.js" if is_app else "form.js" if has_forms else "record.js", *_page_scripts(site.mode, pagename)],
        "kind": "module" if module or is_app else "welcome" if pagename == app.config.root_doc else "sharing" if pagename in SHARING_PAGES else "plain",
        "module": module,
        "modules": site.course.modules,
        "no_script": ({"book/my-reflections": "reflections.no_script", "book/certificate": "certificate.no_script"} | SHARING_PAGES).get(
            pagename, "app.no_script" if is_app else "course.no_script" if module else "start.no_script"
        ),
        "help_box": help_box(site.deployment, site.mode),
        "credit_line": text("course.footer_credit", author=f'<a href="{context["pathto"]("book/credits")}">{AUTHOR}</a>'),
        "review": escape(_review(module)) if module else "",
        "foot_pages": [(name, _title(app, name)) for name in [*(SHARING_PAGES if site.mode == "cohort" else ()), *(f"book/{name}" for name in FOOT_PAGES)]],
        "settings": _settings(site, root, own, own or pagename == app.config.root_doc, has_forms, is_app, pagename in SHARING_PAGES),
    }


def finish(app: Any, exception: Exception | None) -> None:
    """Write what Sphinx does not: hashed scripts and styles, pictures, the front door, the offline copy's worker."""
    if exception or app.builder.name != "html":
        return
    from . import offline

    site: Site = app.ppm_site
    out = Path(app.outdir)
    static = out / "_static"
    shutil.copytree(site.root / "assets", static, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.css"))
    for name, content in site.texts.items():
        stem, _, ending = name.partition(".")
        for old in static.glob(f"{stem}.*.{ending}"):
            old.unlink()
        (static / site.files[name]).write_text(content, "utf-8")
    shell.move(out)
    offline.write(out, site.deployment)


def _page_scripts(mode: Mode, pagename: str) -> list[str]:
    """The scripts of a page after its record, in order: a cohort's own one gives names to those of single pages."""
    own = ["reflections.js"] if pagename in OWN_PAGE_SCRIPTS else []
    if mode == "alone":
        return [*own, "page.js"]
    return ["page.js", "cohort.js", *own, *(["share.js"] if pagename in SHARING_PAGES else [])]


def _hashed(name: str, content: str) -> str:
    stem, _, ending = name.partition(".")
    return f"{stem}.{hashlib.sha256(content.encode()).hexdigest()[:10]}.{ending}"


def _title(app: Any, docname: str) -> str:
    return app.env.titles[docname].astext()


def _review(module: Module) -> str:
    review = module.reviewed
    if not review:
        return text("course.footer_not_reviewed")
    return text("course.footer_reviewed", by=review.by, community=review.community, date=day(review.date))


def _settings(site: Site, root: str, own: bool, overview: bool, has_forms: bool, is_app: bool, sharing: bool) -> str:
    words = {name: text(f"card.{name}") for name in VIDEO_WORDS} | {
        "state_open": text("form.state_open"),
        "state_begun": text("form.state_begun"),
        "state_done": text("form.state_done"),
        "open_step": text("module.open_step"),
        "app_open": text("app.open"),
        "app_note": text("app.open_note"),
        "app_portfolio": text("app.portfolio"),
        "done_count": texts()["module"]["done_count"],
        "progress": texts()["start"]["progress"],
        "none_done": text("start.none_done"),
        "continue": text("start.continue"),
        "continue_at": texts()["start"]["continue_at"],
        "all_done": text("start.all_done"),
        "step": texts()["module"]["step"],
    }
    data: dict[str, Any] = {
        "deployment": site.deployment.id,
        "course": COURSE_ID,
        "account": "this-device",
        "mode": site.mode,
        "app": site.mode == "alone" and not is_app,
        "root": root,
        "support": site.deployment.help.topic_support,
        "words": words,
        "modules": [
            {"number": m.number, "id": m.id, "name": m.name, "title": m.title, "steps": [s.id for s in m.steps]}
            | ({"parts": parts} if overview and (parts := {s.id: s.parts for s in m.steps if s.parts}) else {})
            | ({"titles": [s.title for s in m.steps]} if own or sharing else {})
            | ({"hashes": [s.prompt_hash for s in m.steps] + [m.next_step.prompt_hash]} if own else {})
            | ({"version": m.version} if sharing else {})
            for m in site.course.modules
        ],
    }
    if site.mode == "cohort":
        data |= MARKERS
    if has_forms:
        data["noticing"] = f"{root}_static/{site.files['noticing.js']}"
    if own:
        certificate = of_mode(texts()["certificate"], site.mode) | {"credit_line": text("certificate.credit", author=AUTHOR, date=OUTLINE_DATE)}
        data |= {"reflections": of_mode(texts()["reflections"], site.mode), "certificate": certificate, "name": site.deployment.name, "logo": site.deployment.logo}
        data["rule"] = {"complete": RULES.module.complete, "certificate": RULES.module.certificate}
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
