"""What differs from one publisher of the course to the next: the settings under ``ppm_deployment`` in ``_config.yml``."""

from __future__ import annotations

from datetime import date
from html import escape
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from .cards import day
from .errors import CurriculumError
from .interface import Mode, text

DEFAULT_HELP = "book/help-default.yml"


class HelpLink(BaseModel):
    """A link of the help box; ``url`` may be a telephone number (``tel:988``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    url: Annotated[str, StringConstraints(pattern=r"^(https://|tel:|sms:|mailto:)\S+$")]


class Help(BaseModel):
    """The help box: the same on every page, static, with an owner and a review date. A cohort's book has lines of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    lines: Annotated[list[str], Field(min_length=1)]
    cohort_lines: Annotated[list[str], Field(min_length=1)]
    links: list[HelpLink] = []
    topic_support: str
    owner: str
    review_date: date
    contact: str


class Deployment(BaseModel):
    """One publisher's settings. ``id`` keeps the answers of two courses on one address apart, and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)] = "Patient Partner Mentor"
    description: str = ""
    logo: Annotated[str, StringConstraints(pattern=r"^[\w-]+\.(svg|png)$")] = "logo.svg"
    contact_url: Annotated[str, StringConstraints(pattern=r"^(https://|mailto:)\S+$")] | None = None
    help: Help


def load_deployment(settings: dict[str, Any], root: Path) -> Deployment:
    """The settings of ``_config.yml``; what it says about help replaces the default text field by field.

    :raises CurriculumError: with the field, what was expected and what to do
    """
    default = yaml.safe_load((root / DEFAULT_HELP).read_text("utf-8"))
    try:
        deployment = Deployment.model_validate({**settings, "help": {**default, **settings.get("help", {})}})
    except ValidationError as error:
        said = "\n".join(
            f"_config.yml, ppm_deployment.{'.'.join(map(str, p['loc']))}: {p['msg']}. Change it and build again."
            for p in error.errors(include_url=False)
        )
        raise CurriculumError(said) from None
    if not (root / "assets" / deployment.logo).is_file():
        raise CurriculumError(
            f"_config.yml, ppm_deployment.logo: there is no file '{deployment.logo}' in the folder assets. Put it there, or change the name."
        )
    return deployment


def help_box(deployment: Deployment, mode: Mode = "alone") -> str:
    """The help box as HTML, without a link into the course, so that every page can carry it."""
    e, box = escape, deployment.help
    lines = "".join(f"<p>{e(line)}</p>\n" for line in (box.cohort_lines if mode == "cohort" else box.lines))
    links = "".join(f'<li><a href="{e(link.url)}" rel="noopener noreferrer">{e(link.text)}</a></li>\n' for link in box.links)
    return (
        f'<h2 id="help-box-title">{e(box.title)}</h2>\n{lines}<ul class="help-links">\n{links}</ul>\n'
        f'<p class="small">{e(text("help.reviewed", owner=box.owner, date=day(box.review_date)))}</p>'
    )
