"""What stands on the facilitators' pages, as HTML. Everything that somebody wrote is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape as e

from ..interface import text
from .hub_api import Added, Member
from .roster import MOST, Person, Problem


def start(course: str, ways: Mapping[str, str], waiting: Sequence[tuple[int, str, int]], more: str, leave: str, password: str = "") -> str:
    """The facilitators' start: the ways on, and what waits.

    :param waiting: number and title of a module, and how many learners shared something that nobody has opened yet
    :param more: what stands below, as HTML
    :param password: where a password is changed; nothing where others look after passwords
    """
    items = "".join(f'<li><a class="button" href="{e(address)}">{t(f"desk.{name}")}</a><p>{t(f"desk.{name}_text")}</p></li>\n' for name, address in ways.items())
    if waiting:
        rows = "".join(f"<li>{t('desk.waiting_module', number=number, title=title)} {t('desk.waiting_count', count=count)}</li>\n" for number, title, count in waiting)
        what = f"<p>{t('desk.waiting_text')}</p>\n<ul>\n{rows}</ul>\n"
    else:
        what = f"<p>{t('desk.nothing_waits')}</p>\n"
    change = f"<p><a href=\"{e(password)}\">{t('hub.change_password')}</a></p>\n" if password else ""
    return f"<p>{e(course)}</p>\n<ul class=\"ways\">\n{items}</ul>\n<h2>{t('desk.waiting')}</h2>\n{what}{more}{change}<p><a href=\"{e(leave)}\">{t('hub.sign_out')}</a></p>\n"


def paste(members: Sequence[Member], pasted: str, problems: Iterable[Problem], empty: bool, token: str, links: bool) -> str:
    """The learners there are, and the box to paste into; above it what could not be understood."""
    said = "".join(f"<li>{_problem(one)}</li>\n" for one in problems)
    alert = ""
    if said:
        alert = f'<div class="topic-note" role="alert" id="roster-said"><p>{t("roster.nothing_done")}</p>\n<ul>\n{said}</ul></div>\n'
    elif empty:
        alert = f'<div class="topic-note" role="alert" id="roster-said"><p>{t("roster.empty")}</p></div>\n'
    described = "roster-hint roster-said" if alert else "roster-hint"
    box = (
        f'<p><label for="roster-list">{t("roster.label")}</label></p>\n<p id="roster-hint">{t("roster.hint", most=MOST)}</p>\n'
        f'<textarea id="roster-list" name="list" rows="10" spellcheck="false" autocomplete="off" aria-describedby="{described}">\n{e(pasted)}</textarea>\n'
        f'<p class="buttons"><button type="submit" class="primary" name="do" value="look">{t("roster.look")}</button></p>\n'
    )
    kind = t("roster.links_text") if links else t("roster.address_text")
    return f"<p>{kind}</p>\n{alert}{_form(token, box)}<h2>{t('roster.members')}</h2>\n{_members(members, token)}{_back()}"


def look(people: Sequence[Person], known: set[str], pasted: str, token: str) -> str:
    """What was understood, before anything happens."""
    rows = "".join(
        f"<tr><td>{one.line}</td><td>{e(one.name)}</td><td>{e(one.email)}</td><td>{e(one.account)}</td>"
        f"<td>{t('roster.known' if one.account in known else 'roster.new')}</td></tr>\n"
        for one in people
    )
    heads = "".join(f'<th scope="col">{t(f"roster.head_{name}")}</th>' for name in ("line", "name", "email", "account", "state"))
    table = f'<table class="roster-table">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n'
    add = f'{_hidden(pasted)}<p class="buttons"><button type="submit" class="primary" name="do" value="add">{t("roster.add", count=len(people))}</button></p>\n'
    change = f'{_hidden(pasted)}<p class="buttons"><button type="submit" class="quiet" name="do" value="change">{t("roster.change")}</button></p>\n'
    return f"<p>{t('roster.look_text', count=len(people))}</p>\n{table}{_form(token, add)}{_form(token, change)}{_back()}"


def added(done: Sequence[Added], people: Sequence[Person], origin: str, home: str, course: str, entered: bool | None, pasted: str, token: str) -> str:
    """What was done, and a slip for each learner to print or send."""
    names = {one.account: one.name for one in people}
    slips = [one for one in done if one.link or one.why == "elsewhere"]
    others = [one for one in done if one.why in ("password", "other")]
    inside = [one for one in done if one.why != "facilitator"]
    body = f"<p role=\"status\">{t('roster.added_text', count=len(inside))}</p>\n" if done else f"<p>{t('roster.no_links')}</p>\n"
    if entered is not None:
        body += f"<p>{t('roster.entered' if entered else 'roster.not_entered')}</p>\n"
    if others:
        body += f"<p>{t('roster.no_link_for')} {e(', '.join(one.account for one in others))}</p>\n"
    if invited := [one.account for one in done if one.why == "invited"]:
        body += f"<p>{t('roster.invited')} {e(', '.join(invited))}</p>\n"
    if len(inside) < len(done):
        body += f"<p>{t('roster.facilitators')} {e(', '.join(one.account for one in done if one.why == 'facilitator'))}</p>\n"
    if slips:
        body += f"<p class=\"no-print\">{t('roster.slips_text' if any(one.link for one in slips) else 'roster.slips_address')}</p>\n"
        body += f"<h2>{t('roster.slips')}</h2>\n" + "".join(_slip(one, names.get(one.account, ""), origin, home, course) for one in slips)
    if pasted and not entered:
        body += _form(token, f'{_hidden(pasted)}<p class="buttons"><button type="submit" class="quiet" name="do" value="csv">{t("roster.csv")}</button></p>\n<p>{t("roster.csv_text")}</p>\n')
    return f'{body}<p class="no-print"><a href="roster">{t("roster.again")}</a></p>\n{_back()}'


def _slip(one: Added, name: str, origin: str, home: str, course: str) -> str:
    address = f"{origin}{one.link}" if one.link else home
    who = f"<p><strong>{e(name or one.account)}</strong></p>\n"
    what = f"<p>{t('roster.slip_link', course=course) if one.link else t('roster.slip_address', course=course)}</p>\n"
    return f'<div class="slip">{who}{what}<p class="slip-link">{e(address)}</p>\n<p>{t("roster.slip_account")} <strong>{e(one.account)}</strong></p></div>\n'


def _members(members: Sequence[Member], token: str) -> str:
    if not members:
        return f"<p>{t('roster.no_members')}</p>\n"
    waiting = [one for one in members if one.joined is False]
    rows = "".join(f"<li>{e(one.account)}{'' if one.joined is None else ' · ' + t('roster.joined' if one.joined else 'roster.not_joined')}{_renew(one, token)}</li>\n" for one in members)
    links = f'<p class="buttons"><button type="submit" class="quiet" name="do" value="links">{t("roster.new_links", count=len(waiting))}</button></p>\n'
    forgotten = f"<p>{t('roster.renew_text')}</p>\n" if any(one.joined for one in members) else ""
    return f"<ul>\n{rows}</ul>\n{forgotten}" + (f"{_form(token, links)}<p>{t('roster.new_links_text')}</p>\n" if waiting else "")


def _renew(one: Member, token: str) -> str:
    """The button for a new link, for who has a password."""
    if not one.joined:
        return ""
    label = t("roster.renew_for", account=one.account)
    return _form(token, f'<input type="hidden" name="account" value="{e(one.account)}"><button type="submit" class="quiet" name="do" value="renew" aria-label="{label}">{t("roster.renew")}</button>')


def renewed(one: Added, origin: str, course: str) -> str:
    """A new link for somebody who has a password, to print or send; or that there is none.

    :param course: its title
    """
    if not one.link:
        return f"<p role=\"status\">{t('roster.not_renewed', account=one.account)}</p>\n" + f'<p><a href="roster">{t("roster.again")}</a></p>\n{_back()}'
    said = f"<p role=\"status\">{t('roster.renewed', account=one.account)}</p>\n"
    return f'{said}{_slip(one, "", origin, "", course)}<p class="no-print"><a href="roster">{t("roster.again")}</a></p>\n{_back()}'


def _problem(one: Problem) -> str:
    what = t(f"roster.problem.{one.why}", other=one.other, most=MOST)
    return f"{t('roster.line', line=one.line)} {what}" if one.line else what


def _form(token: str, inside: str) -> str:
    return f'<form method="post" action="roster" class="roster">\n<input type="hidden" name="_xsrf" value="{e(token)}">\n{inside}</form>\n'


def _hidden(pasted: str) -> str:
    return f'<textarea name="list" hidden>\n{e(pasted)}</textarea>\n'


def _back() -> str:
    return f'<p class="no-print"><a href="facilitator">{t("roster.back")}</a></p>\n'


def t(key: str, **values: object) -> str:
    """A text of the interface, with what is filled in, safe in a page."""
    return e(text(key, **values))
