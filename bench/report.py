"""The figures as a table, beside the targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from .browser import Visit

Series = dict[tuple[str, bool, bool], list[Visit]]  # (site, slow, warm): one visit a round

OURS, STOCK = "ours", "stock"
PAGE_KB, PAGE_REQUESTS, FORMS_KB, RATIO = 150, 30, 12, 7


@dataclass(frozen=True)
class Target:
    """One row of the targets, and whether it was met."""

    what: str
    found: str
    wanted: str
    met: bool


def kb(size: float) -> float:
    """Bytes as kB of 1,000."""
    return size / 1000


def middle(visits: list[Visit], what: str) -> float:
    """The median of one field."""
    return median(getattr(visit, what) for visit in visits)


def targets(series: Series, forms_size: int) -> list[Target]:
    """The four targets that a run is held to."""
    cold = series[OURS, False, False]
    size, requests = kb(middle(cold, "size")), middle(cold, "requests")
    ratio = middle(series[STOCK, True, False], "forms") / middle(series[OURS, True, False], "forms")
    return [
        Target("our page, compressed", f"{size:.1f} kB", f"<= {PAGE_KB} kB", size <= PAGE_KB),
        Target("our page, requests", f"{requests:.0f}", f"<= {PAGE_REQUESTS}", requests <= PAGE_REQUESTS),
        Target("our forms, compressed", f"{kb(forms_size):.1f} kB", f"<= {FORMS_KB} kB", kb(forms_size) <= FORMS_KB),
        Target("last form ready, cold, throttled: stock / ours", f"{ratio:.1f}x", f">= {RATIO}x", ratio >= RATIO),
    ]


def table(series: Series, forms_size: int, rounds: int, about: list[str]) -> str:
    """Everything that was found, as plain text."""
    lines = [*about, "", f"Median of {rounds}; times in ms from the start of navigation.", "", _row("", "", OURS, STOCK, "stock / ours")]
    lines.append("-" * len(lines[-1]))
    ways: list[tuple[str, str, Callable[[float], str]]] = [
        ("transferred, kB", "size", lambda value: f"{kb(value):,.1f}"),
        ("requests", "requests", lambda value: f"{value:.0f}"),
        ("first contentful paint", "paint", lambda value: f"{value:,.0f}"),
        ("last form ready", "forms", lambda value: f"{value:,.0f}"),
    ]
    for slow, warm in ((False, False), (False, True), (True, False), (True, True)):
        case = ("warm" if warm else "cold") + (", throttled" if slow else "")
        for what, field, shown in ways:
            ours, stock = (middle(series[site, slow, warm], field) for site in (OURS, STOCK))
            lines.append(_row(case, what, shown(ours), shown(stock), f"{stock / ours:.1f}x" if ours else "-"))
            case = ""
    whole = middle(series[OURS, False, False], "size")
    lines += ["", f"Of our page's {kb(whole):.1f} kB, the forms are {kb(forms_size):.1f} kB ({forms_size / whole:.0%}).", ""]
    lines += [f"{'PASS' if t.met else 'MISS'}  {t.what}: {t.found} (target {t.wanted})" for t in targets(series, forms_size)]
    return "\n".join([*lines, *_notes(series)])


def _row(*cells: str) -> str:
    return f"{cells[0]:<16} {cells[1]:<24} {cells[2]:>10} {cells[3]:>10} {cells[4]:>13}"


def _notes(series: Series) -> list[str]:
    """What a reader should know before believing the table."""
    notes = [
        "",
        "Service workers are blocked on both: ours begins after the forms are ready and fetches the whole course for use",
        "without a connection, which is no part of the page; a later visit that it serves is not measured here.",
    ]
    for site in (OURS, STOCK):
        visits = [visit for (name, *_), some in series.items() if name == site for visit in some]
        blocked = sorted({url for visit in visits for url in visit.blocked})
        notes.append(f"Third parties asked by {site} (blocked, counted in no figure above): {', '.join(blocked) or 'none'}.")
        missing = sorted({url.rsplit("/", 1)[-1] for visit in visits for url in visit.missing})
        if missing:
            notes.append(f"Asked by {site} of its own site, where they are not (counted above): {', '.join(missing)}.")
        errors = sorted({error.splitlines()[0] for visit in visits for error in visit.errors if error})
        if errors:
            notes.append(f"Errors that {site}'s scripts reported: {'; '.join(errors)}.")
    return notes
