"""The parts of pages that are made from the curriculum and the settings: start, modules, library, help, credits."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .. import cards
from ..curriculum import MODULE_FILE, Module, Resource, Step
from ..interface import text


class _Generated(SphinxDirective):
    """A directive without content whose HTML is made by ``html`` and read again when a module's data changes."""

    def run(self) -> list[nodes.Node]:
        site = self.env.app.ppm_site
        for module in site.course.modules:
            self.env.note_dependency(str(site.root / "notebooks" / module.name / MODULE_FILE))
        return [nodes.raw("", self.html(site), format="html")]

    def html(self, site: Any) -> str:
        raise NotImplementedError(type(self).__name__)  # pragma: no cover

    def to(self, docname: str) -> str:
        """A relative address from this page."""
        up = "../" * self.env.docname.count("/")
        return f"{up}{docname}.html"


class Start(_Generated):
    """The one button of the welcome page: start, or continue where I stopped; and the first module's topic note."""

    def html(self, site: Any) -> str:
        first = site.course.modules[0]
        return (
            f'<div class="course-start"><p><a class="button" href="{self.to(f"notebooks/{first.name}/module")}">'
            f"{escape(text('start.begin'))}</a></p></div>"
            f'<p class="start-note"><strong>{escape(text("module.topic_note"))}:</strong> {escape(first.topic_note)}</p>'
        )


class Modules(_Generated):
    """The modules as a list with their states."""

    def html(self, site: Any) -> str:
        rows = []
        for module in site.course.modules:
            rows.append(
                f'<li class="module-card" data-module="{module.id}"><div class="module-picture module-picture-{module.number}" '
                f'aria-hidden="true"></div><div><p class="module-name"><a href="{self.to(f"notebooks/{module.name}/module")}">'
                f'<span class="module-number">{module.number}.</span> {escape(module.title)}</a></p> '
                f'<p class="module-state">{escape(text("start.none_done"))}</p></div></li>'
            )
        return f'<ol class="course-modules" role="list">{"".join(rows)}</ol>'


class Library(_Generated):
    """Every resource of the course, by module, by kind and by what to know before opening it."""

    def html(self, site: Any) -> str:
        all_ = [(m, s, r) for m in site.course.modules for s in m.steps for r in s.resources]
        by_module = "".join(
            f'<h3>{escape(text("reflections.module_heading", number=m.number, title=m.title))}</h3>'
            + self._list([row for row in all_ if row[0] is m])
            for m in site.course.modules
        )
        kinds = sorted({r.kind for _, _, r in all_})
        by_kind = "".join(
            f"<h3>{escape(text('card.' + kind))}</h3>" + self._short([row for row in all_ if row[2].kind == kind]) for kind in kinds
        )
        by_status = "".join(
            f"<h3>{escape(text('library.' + status))}</h3>" + self._short(rows)
            for status in ("usable", "payment", "sign-in", "may-expire", "replaced", "no-link", "lost")
            if (rows := [row for row in all_ if self._status(row[2]) == status])
        )
        return (
            f'<section id="by-module"><h2>{text("library.by_module")}</h2>{by_module}</section>'
            f'<section id="by-kind"><h2>{text("library.by_kind")}</h2>{by_kind}</section>'
            f'<section id="by-status"><h2>{text("library.by_status")}</h2>{by_status}</section>'
        )

    @staticmethod
    def _status(resource: Resource) -> str:
        return "payment" if resource.status == "usable" and resource.may_ask_payment else resource.status

    def _place(self, module: Module, step: Step) -> str:
        words = text("library.step", module=module.number, step=step.number)
        return f'<a href="{self.to(f"notebooks/{module.name}/module")}#step-{step.number}">{escape(words)}</a>'

    def _list(self, rows: Iterable[tuple[Module, Step, Resource]]) -> str:
        items = []
        for module, step, resource in rows:
            name = escape(resource.label) + (f" ({escape(resource.part)})" if resource.part else "")
            link = f'<a href="{escape(str(resource.url))}" rel="noopener noreferrer">{name}</a>' if resource.url else name
            lines = [f"<strong>{link}</strong>", escape(text("card." + resource.kind)) + "."]
            if cards.credit(resource):
                lines.append(escape(cards.credit(resource)) + ".")
            lines += [escape(notice) for notice in cards.notices(resource)]
            items.append(f"<li>{' '.join(lines)} {self._place(module, step)}</li>")
        return f'<ul class="library">{"".join(items)}</ul>'

    def _short(self, rows: Iterable[tuple[Module, Step, Resource]]) -> str:
        items = "".join(
            f"<li>{escape(r.label)}{f' ({escape(r.part)})' if r.part else ''}. {self._place(m, s)}</li>" for m, s, r in rows
        )
        return f'<ul class="library">{items}</ul>'


class HelpText(_Generated):
    """The help page's text: the help box of the settings, and whom to tell about a broken link."""

    def html(self, site: Any) -> str:
        box = site.deployment.help
        link = site.deployment.contact_url
        more = f' <a href="{escape(link)}">{escape(link.removeprefix("mailto:"))}</a>' if link else ""
        return (
            f'<section id="tell-us"><h2>{escape(text("course.broken_links"))}</h2><p>{escape(box.contact)}{more}</p></section>'
        )


class Place(_Generated):
    """A place that a script of the course fills: My reflections, the certificate."""

    required_arguments: ClassVar[int] = 1

    def html(self, site: Any) -> str:
        return f'<div id="{escape(self.arguments[0])}-place" class="script-place"></div>'


def add(app: Any) -> None:
    """Register the directives under the names that the pages use."""
    for name, directive in {
        "course-start": Start,
        "course-modules": Modules,
        "resource-library": Library,
        "course-help": HelpText,
        "course-place": Place,
    }.items():
        app.add_directive(name, directive)
