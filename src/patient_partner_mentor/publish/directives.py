"""The parts of pages that are made from the curriculum and the settings: start, modules, library, help, credits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from html import escape
from typing import Any, ClassVar, get_args

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .. import cards
from ..credit.lists import ELEMENTS, word_lists
from ..credit.rules import RULES
from ..curriculum import MODULE_FILE, Module, Resource, Step
from ..interface import Mode, text, texts


class _Generated(SphinxDirective, ABC):
    """A directive without content whose HTML is made by ``html`` and read again when a module's data changes."""

    def run(self) -> list[nodes.Node]:
        site = self.env.app.ppm_site
        for module in site.course.modules:
            self.env.note_dependency(str(site.root / "notebooks" / module.name / MODULE_FILE))
        return [nodes.raw("", self.html(site), format="html")]

    @abstractmethod
    def html(self, site: Any) -> str:
        """What stands in the directive's place."""

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


class CreditRules(_Generated):
    """What a step counts for and why, made from the rules and texts that the check itself reads."""

    def html(self, site: Any) -> str:
        rows = "".join(
            f"<tr><td>{escape(text('rules.' + reason))}</td><td>{escape(text('rules.state', state=text('form.state_' + RULES.states[reason]), points=RULES.points[RULES.states[reason]]))}</td>"
            f"<td>{self._said(reason)}</td></tr>"
            for reason in RULES.order
        )
        heads = "".join(f'<th scope="col">{escape(text("rules.head_" + name))}</th>' for name in ("when", "state", "read"))
        values = {
            "words": RULES.short.words,
            "copied_words": RULES.copied.words,
            "copied_share": round(RULES.copied.share * 100),
            "repeated_words": RULES.repeated.words,
            "repeated_share": round(RULES.repeated.share * 100),
            "run": RULES.copied.run,
            "steps": RULES.module.complete,
            "modules": RULES.module.certificate,
        }
        limits = "".join(f"<li>{escape(text('rules.' + name, **values))}</li>" for name in ("limit_short", "limit_copied", "limit_repeated", "limit_module"))
        return (
            f'<table class="rules"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
            f"<ul>{limits}</ul><p>{escape(text('rules.version', version=RULES.version))}</p>"
        )

    @staticmethod
    def _said(reason: str) -> str:
        said = texts()["credit"][reason]
        if isinstance(said, str):
            return escape(said)
        return "<br>".join(f"<strong>{escape(text('rules.' + mode))}</strong> {escape(words)}" for mode, words in said.items())


class NoticingLists(_Generated):
    """What noticing looks for, element by element, as its list of words says."""

    def html(self, site: Any) -> str:
        lists = word_lists("en")
        assert lists, "the English word lists are part of the package"
        return "".join(self._element(name, lists.elements[name].groups) for name in ELEMENTS)

    @staticmethod
    def _element(name: str, groups: Iterable[Any]) -> str:
        rows = "".join(f"<li>{escape(g.about)} <code>{escape(g.entries[0][:70])}{' …' if len(g.entries) > 1 or len(g.entries[0]) > 70 else ''}</code></li>" for g in groups)
        title = text(f"noticing.{name}")
        return f'<details class="lists"><summary>{escape(title[0].upper() + title[1:])}</summary><ul>{rows}</ul></details>'


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
        return f'<div id="{escape(self.arguments[0])}-place" class="script-place">{cards.not_loaded()}</div>'


class InMode(SphinxDirective):
    """Text for one mode: ``alone`` or ``cohort``. In the other it is not even read, so that its links need not lead anywhere."""

    required_arguments: ClassVar[int] = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The content's own nodes, headings and all; none in the other mode.

        :raises Error: when there is no such mode
        """
        wanted = self.arguments[0]
        if wanted not in get_args(Mode):
            raise self.error(f"There is no mode '{wanted}'. Write one of: {', '.join(get_args(Mode))}.")
        if wanted != self.env.app.ppm_site.mode:
            return []
        place = nodes.section()
        self.state.nested_parse(self.content, self.content_offset, place, match_titles=True)
        return place.children


def add(app: Any) -> None:
    """Register the directives under the names that the pages use."""
    for name, directive in {
        "course-start": Start,
        "course-modules": Modules,
        "resource-library": Library,
        "credit-rules": CreditRules,
        "noticing-lists": NoticingLists,
        "course-help": HelpText,
        "course-place": Place,
        "in-mode": InMode,
    }.items():
        app.add_directive(name, directive)
