"""The Sphinx extension that makes the book: our theme, the forms on static pages, the pages that are generated.

This is the only place that imports Sphinx and docutils.
"""

from __future__ import annotations

from typing import Any

from .. import __version__


def setup(app: Any) -> dict[str, Any]:
    """Register everything with Sphinx; the events are in the order in which they happen."""
    from pathlib import Path

    from . import directives, pages, shell, site

    app.add_html_theme("patient_partner_mentor", str(Path(__file__).parent / "theme"))
    app.add_config_value("ppm_deployment", {}, "env", dict)
    app.add_config_value("comments_config", {}, "")  # Jupyter Book always sets it, for an extension that we leave out
    directives.add(app)
    app.connect("builder-inited", site.start)
    app.connect("source-read", pages.depend_on_data)
    app.connect("doctree-read", pages.check_headings)
    app.connect("doctree-resolved", pages.place_forms)
    app.connect("html-collect-pages", shell.collect)
    app.connect("html-page-context", site.page_context)
    app.connect("build-finished", site.finish)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
