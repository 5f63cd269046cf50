"""The facilitators' start: who would like to hear from them, with a button for each, and what each learner agreed to; as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape as e
from typing import Any

from ..cards import day
from ..curriculum import Module
from ..interface import text
from .wishes import WITHDRAWN

_HEADS = ("head_learner", "head_step", "head_wish", "head_since", "head_done")


def wishes_html(found: Sequence[Mapping[str, Any]], modules: Mapping[str, Module], token: str) -> str:
    """The open wishes as a table with a button each, and below it those that were closed of late."""
    waiting = [one for one in found if not one["closed_at"]]
    closed = [one for one in found if one["closed_at"]]
    if waiting:
        rows = "".join(_row(one, modules, _button(one, modules, token)) for one in waiting)
        shown = f"<p>{t('desk.wishes_text')}</p>\n{_table(_HEADS, rows)}"
    else:
        shown = f"<p>{t('desk.no_wishes')}</p>\n"
    return f'<h2 id="wishes">{t("desk.wishes")}</h2>\n{shown}{_closed(closed, modules, token)}'


def agreed_html(found: Iterable[Mapping[str, Any]]) -> str:
    """What each learner agreed to last, as a table; nothing before anybody saw the page."""
    yes, no = t("desk.agreed_yes"), t("desk.agreed_no")
    kinds = ("course", "quotes", "research")
    rows = "".join(f'<tr><th scope="row">{e(one["user"])}</th>{"".join(f"<td>{yes if one[kind] else no}</td>" for kind in kinds)}</tr>' for one in found)
    if not rows:
        return ""
    heads = ("head_learner", "head_course", "head_quotes", "head_research")
    return f"<h2>{t('desk.agreed')}</h2>\n<p>{t('desk.agreed_text')}</p>\n{_table(heads, rows)}"


def _closed(found: Sequence[Mapping[str, Any]], modules: Mapping[str, Module], token: str) -> str:
    if not found:
        return ""
    rows = ""
    for one in found:
        if one["closed_by"] == WITHDRAWN:
            last = f"<p>{t('desk.withdrawn', day=_day(one['closed_at']))}</p>"
        else:
            last = f"<p>{t('desk.closed_by', who=one['closed_by'], day=_day(one['closed_at']))}</p>{_button(one, modules, token)}"
        rows += _row(one, modules, last)
    return f"<details>\n<summary>{t('desk.closed', count=len(found))}</summary>\n{_table(_HEADS, rows)}</details>\n"


def _row(one: Mapping[str, Any], modules: Mapping[str, Module], last: str) -> str:
    later = f"<br>{t('desk.later_' + one['later'])}" if one["later"] else ""
    cells = f"<td>{e(_place(one, modules))}</td><td>{t('desk.wish_' + one['wish'])}{later}</td><td>{e(_day(one['time']))}</td><td>{last}</td>"
    return f'<tr><th scope="row">{e(one["user"])}</th>{cells}</tr>\n'


def _button(one: Mapping[str, Any], modules: Mapping[str, Module], token: str) -> str:
    """What closes the wish, or opens it again; its name says whose it is, for whoever hears the buttons alone."""
    doing = "open" if one["closed_at"] else "close"
    name = t("desk.open_again" if one["closed_at"] else f"desk.done_{one['wish']}")
    full = t("desk.button", name=text("desk.open_again" if one["closed_at"] else f"desk.done_{one['wish']}"), user=one["user"], place=_place(one, modules))
    fields = f'<input type="hidden" name="_xsrf" value="{e(token)}"><input type="hidden" name="wish" value="{one["key"]}">'
    return f'<form method="post" action="facilitator">{fields}<button type="submit" class="quiet" name="do" value="{doing}" aria-label="{full}">{name}</button></form>'


def _place(one: Mapping[str, Any], modules: Mapping[str, Module]) -> str:
    module = modules.get(one["assignment"])
    if not module:
        return str(one["assignment"])
    step = next((step for step in module.steps if step.id == one["step"]), None)
    title = step.title if step else text("module.next_step") if one["step"] else module.title
    return text("desk.place", number=module.number, title=title)


def _day(time: str) -> str:
    return day(date.fromisoformat(time[:10]))


def _table(heads: Iterable[str], rows: str) -> str:
    cells = "".join(f'<th scope="col">{t("desk." + name)}</th>' for name in heads)
    return f'<table class="roster-table"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>\n'


def t(key: str, **values: object) -> str:
    """A text of the interface, with what is filled in, safe in a page."""
    return e(text(key, **values))
