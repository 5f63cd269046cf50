"""What the Hub's own pages are drawn with: the course's name, style, logo, words and help box, without asking anything.

Style and scripts stand in the page itself, and its policy names their hashes: a sign-in page has to look right when
nothing but the Hub is running. See templates/layout.html.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import yaml
from rcssmin import cssmin
from rjsmin import jsmin

from ..deployment import help_box, load_deployment
from ..errors import CurriculumError
from ..interface import texts
from .hub_settings import SERVICE, HubSettings

HERE = Path(__file__).parent / "templates"
THEME = Path(__file__).parent.parent / "publish" / "theme.js"


def course_root(settings: HubSettings) -> Path:
    """The course's own folder: the settings', or the installed package's copy."""
    return settings.root or Path(__file__).parent.parent / "course"


def template_vars(settings: HubSettings) -> dict[str, Any]:
    """The variables of the Hub's pages, as strings and plain data.

    :raises CurriculumError: when the course's settings cannot be read
    """
    root = course_root(settings)
    try:
        deployment = load_deployment(yaml.safe_load((root / "_config.yml").read_text("utf-8"))["sphinx"]["config"]["ppm_deployment"] or {}, root)
        style = cssmin((root / "assets" / "course.css").read_text("utf-8") + (HERE / "hub.css").read_text("utf-8"))
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise CurriculumError(f"{root} is not the course's own folder, or its _config.yml cannot be read. Name the folder in the Hub's settings, as root.") from None
    scripts = {"theme_script": jsmin(THEME.read_text("utf-8")), "page_script": jsmin((HERE / "hub.js").read_text("utf-8"))}
    hashes = " ".join(f"'{_hash(script)}'" for script in scripts.values())
    policy = f"default-src 'none'; script-src {hashes}; style-src '{_hash(style)}'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'"
    return {
        "ppm_policy": policy,
        "ppm_style": style,
        "ppm_theme_script": scripts["theme_script"],
        "ppm_page_script": scripts["page_script"],
        "ppm_name": deployment.name,
        "ppm_help": help_box(deployment, "cohort"),
        "ppm_logo": _picture(root / "assets" / deployment.logo),
        "ppm_course": f"{settings.prefix}services/{SERVICE}/",
        "ppm_servers": settings.servers,
        "ppm_passwords": settings.sign_in.by == "accounts",
        "t": texts()["hub"],
    }


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _picture(path: Path) -> str:
    kind = {".svg": "image/svg+xml", ".png": "image/png"}[path.suffix]
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
