"""The plain HTML of a module: resource cards, opening, good places to stop. The same for book, Voila and JupyterLab.

Nothing here names a page's place on a server: pictures come from the style sheet, links inside the course are
relative to a module's page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from html import escape
from itertools import groupby
from urllib.parse import urlsplit

from .curriculum import Alternative, Course, Module, Resource, Step, prose
from .interface import Mode, text

READING_SPEED = 160  # words a minute: unhurried, for tired readers and new subjects
WRITING_MINUTES = 6  # for a prompt: a few sentences, or a start on more
HELP_PAGE = "../../book/help.html"
CLOSING_PAGE = "../../book/closing.html"
SHARE_PAGE = "../../book/cohort/share.html"
REFLECTIONS_PAGE = "../../book/my-reflections.html"


def minutes(markdown: str, module: Module) -> int:
    """Minutes of reading and writing in a module, rounded up to five: its prose, its prompts and an answer to each.

    :param markdown: the text of its notebook
    """
    words = len(prose(markdown).split()) + sum(len(s.prompt.split()) for s in module.steps)
    total = words / READING_SPEED + WRITING_MINUTES * len(module.steps)
    return math.ceil(total / 5) * 5


def day(value: date) -> str:
    """A date in words, the same on every system: May 3, 2026."""
    return f"{value:%B} {value.day}, {value.year}"


def opening(module: Module, markdown: str) -> str:
    """What stands before the first step: how long, the topic note, and the steps as a list with their states."""
    e = escape
    steps = "\n".join(
        f'<li data-step="{e(s.id)}"><a href="#step-{s.number}">{e(s.title)}</a> '
        f'<span class="step-state">{e(text("form.state_open"))}</span></li>'
        for s in module.steps
    )
    return f"""<div class="module-opening">
<p class="module-minutes">{e(text("module.minutes", minutes=minutes(markdown, module)))} {e(text("module.minutes_more"))}
{e(_beside(module))}</p>
<div class="topic-note"><p><strong>{e(text("module.topic_note"))}</strong></p> <p>{e(module.topic_note)}</p></div>
<nav class="steps" aria-label="{e(text("module.steps"))}">
<p class="steps-title" aria-hidden="true">{e(text("module.steps"))}</p>
<ol class="step-list" data-module="{e(module.id)}">
{steps}
</ol>
</nav>
</div>"""


def resources(module: Module, step: Step, checks: Mapping[str, date]) -> str:
    """The cards of a step's resources, those that share a label on one card.

    :param checks: the date of the last good answer of an address, by address
    """
    groups = [list(group) for _, group in groupby(step.resources, key=lambda r: r.label)]
    return "\n".join(_card(module, step, group, checks) for group in groups)


def good_stop(module: Module, step: Step) -> str:
    """The line after a step that says: you can rest here, and where the course goes on."""
    e = escape
    if step.number < len(module.steps):
        later = module.step(step.number + 1)
        link = f'<a href="#step-{later.number}">{e(text("module.go_on", number=later.number, title=later.title))}</a>'
    else:
        link = f'<a href="#my-next-step">{e(text("module.go_on_last"))}</a>'
    return (
        f'<p class="good-stop"><strong>{e(text("module.good_stop"))}</strong> {e(text("module.good_stop_text"))} '
        f'<span class="go-on">{link}</span></p>'
    )


def closing(module: Module, course: Course | None, mode: Mode = "alone") -> str:
    """What stands after "my next step": what you did, keep a copy, and the way on with the next module's topic note.

    :param mode: in a cohort's book, the way to share stands there too
    """
    e = escape
    later = course.after(module) if course else None
    if later:
        on = f"""<div class="next-module">
<h3>{e(text("module.next_module", number=later.number, title=later.title))}</h3>
<p><strong>{e(text("module.next_module_note"))}:</strong> {e(later.topic_note)}</p>
<p><a class="button" href="../{later.name}/module.html">{e(text("module.next_module_open", number=later.number))}</a></p>
</div>"""
    else:
        on = f"""<div class="next-module">
<p>{e(text("module.last_module_text"))}</p>
<p><a class="button" href="{CLOSING_PAGE}">{e(text("module.last_module_open"))}</a></p>
</div>"""
    share = f"""<h3>{e(text("share.closing_title"))}</h3>
<p>{e(text("share.closing_text"))}</p>
<p class="share-link"><a class="button" href="{SHARE_PAGE}?module={e(module.id)}">{e(text("share.closing_link"))}</a></p>
"""
    return f"""<div class="module-closing">
<h3>{e(text("module.what_you_did"))}</h3>
<p class="module-progress" data-module="{e(module.id)}">{e(text("module.done_count", done=0, count=len(module.steps)))}</p>
{share if mode == "cohort" else ""}<h3>{e(text("module.keep_title"))}</h3>
<p>{e(text("module.keep_text", mode=mode))} <a href="{REFLECTIONS_PAGE}#keep-a-copy">{e(text("module.keep_link"))}</a>.</p>
{on}
</div>"""


def question(prompt: str, lighter: str | None = None, starters: Iterable[str] = (), parts: Iterable[str] = ()) -> str:
    """A prompt to read where no form can run: without JavaScript, in search, on paper."""
    e = escape
    lines = "".join(f"<li>{e(p)} <span class='write-here'></span></li>" for p in parts)
    ways = "".join(f"<li>{e(s)}</li>" for s in starters)
    return (
        f'<div class="question-only"><p class="prompt">{e(prompt)}</p> {not_loaded()} '
        + (f"<ul>{lines}</ul> " if lines else "<div class='write-here'></div> ")
        + (f"<p>{e(text('form.lighter_intro'))} {e(lighter)}</p> " if lighter else "")
        + (f"<p>{e(text('form.starters'))}</p> <ul>{ways}</ul> " if ways else "")
        + "</div>"
    )


def not_loaded() -> str:
    """What to do where a script's work does not come. The style sheet shows it after some seconds; the script, when it comes, takes its place."""
    return f'<p class="not-loaded">{escape(text("course.not_loaded"))} <a href="">{escape(text("course.try_again"))}</a></p>'


def notices(resource: Resource) -> list[str]:
    """What to know before opening a resource, as sentences."""
    found = []
    if resource.status == "no-link":
        found.append(text("card.soon" if resource.label.startswith("Coming Soon") else "card.no_link"))
    elif resource.status in ("lost", "replaced"):
        found.append(text(f"card.{resource.status}"))
    elif resource.status == "sign-in":
        found.append(text("card.sign_in"))
    elif resource.status == "may-expire":
        found.append(text("card.may_expire"))
    if resource.may_ask_payment:
        found.append(text("card.payment"))
    return found


def credit(resource: Resource) -> str:
    """Authors, publisher and year, as far as they are known."""
    known = [", ".join(resource.authors), resource.publisher, str(resource.year or "")]
    return ". ".join(part for part in known if part)


def _beside(module: Module) -> str:
    kinds = [r.kind for s in module.steps for r in s.resources if r.url and not (r.part and r.kind == "web page")]
    counts = {
        "videos": kinds.count("video"),
        "recordings": kinds.count("event recording") + kinds.count("podcast"),
    }
    counts["readings"] = len(kinds) - sum(counts.values())
    said = [text(f"module.{name}", count=count) for name, count in counts.items() if count]
    listed = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    return text("module.beside", list=listed) if said else ""


def _card(module: Module, step: Step, group: list[Resource], checks: Mapping[str, date]) -> str:
    e = escape
    first = group[0]
    body = "\n".join(_part(resource, len(group) > 1) for resource in group)
    urls = [str(r.url) for r in group if r.url] + [str(a.url) for r in group for a in r.alternatives]
    dates = [checks[u] for u in urls if u in checks]
    foot = text("card.not_needed")
    if urls:
        foot += " " + (text("card.checked", date=day(min(dates))) if len(dates) == len(urls) else text("card.not_checked"))
    tell = f' <a href="{HELP_PAGE}#tell-us">{e(text("card.tell_us"))}</a>' if urls else ""
    video = _video(module, step, first) if first.youtube else ""
    return f"""<div class="card card-{first.kind.replace(" ", "-")}">
<p class="card-kind">{e(text("card.kicker", kind=text("card." + first.kind)))}</p>
<h3 class="card-label">{e(first.label)}</h3>
{video}{body}
<p class="card-foot">{e(foot)}{tell}</p>
</div>"""


def _part(resource: Resource, several: bool) -> str:
    e = escape
    rows = []
    if resource.title and resource.title_verified and resource.title != resource.label:
        rows.append(f'<p class="card-title">{e(text("card.with_title", title=resource.title))}</p>')
    if credit(resource):
        rows.append(f'<p class="card-credit">{e(credit(resource))}</p>')
    if resource.about:
        rows.append(f'<p class="card-about">{e(resource.about)}</p>')
    rows += [f'<p class="card-notice">{e(notice)}</p>' for notice in notices(resource)]
    if resource.url:
        words = text("card.open_part", part=resource.part) if several and resource.part else text(f"card.open_{resource.kind}")
        if resource.kind == "video" and not resource.youtube:
            words = text("card.open_video_page")
        rows.append(_link(str(resource.url), words))
    rows += [_alternative(other) for other in resource.alternatives]
    return "\n".join(rows)


def _alternative(other: Alternative) -> str:
    e = escape
    return f"""<div class="card-alternative"><p class="card-role">{e(text("card." + other.role))}</p>
<p><strong>{e(other.title)}</strong> {e(other.about)}</p>
{_link(str(other.url), text("card.open_part", part=other.title))}</div>"""


def _link(url: str, words: str) -> str:
    host = urlsplit(url).netloc.removeprefix("www.")
    return (
        f'<p class="card-link"><a href="{escape(url)}" rel="noopener noreferrer">{escape(words)}</a> '
        f'<span class="card-host">{escape(text("card.goes_to", host=host))}</span></p>'
    )


def _video(module: Module, step: Step, resource: Resource) -> str:
    assert resource.youtube
    return (
        f'<div class="video module-picture-{module.number}" data-video="{escape(resource.youtube.id)}" '
        f'data-start="{resource.youtube.start_seconds}" data-title="{escape(text("card.video_title", title=resource.label))}">'
        f"</div>\n"
    )
