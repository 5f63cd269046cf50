"""What a trial keeps, in one folder: passwords and tokens, the settings of Hub and service, the course folder of nbgrader."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..advice import FOLDER_SETTING, quoted
from ..curriculum import COURSE_SETTING
from ..errors import CourseError
from ..whole_file import write_whole
from .accounts import Accounts
from .hub_settings import LONGEST_FOLDER
from .sockets import Door, address, part

COURSE = "ppm-trial"
LEARNERS = ("ana", "ben", "cleo")
FACILITATOR = "fay"
_WORDS = (
    "amber apple autumn basket bench birch bread bridge brook button candle cedar cherry clover copper corner cotton cradle daisy dawn ember fern field flute forest "
    "garden ginger harbor hazel honey island ivory kettle lantern lemon linen maple marble meadow morning music needle oak ocean olive orange orchard pebble pepper "
    "pillow pine plum pocket poppy quiet quilt rain ribbon river robin rose saddle sage salt shore silver spoon spring stone summer thistle thread tulip valley velvet "
    "violet wagon walnut water willow window winter wool"
).split()


@dataclass(frozen=True)
class Trial:
    """One trial: where it is kept, and what opens it.

    :param passwords: of the trial's accounts, as they were made; one who joined by a link has another
    :param tokens: of the Hub's services, by their name at the Hub
    """

    folder: Path
    passwords: dict[str, str]
    tokens: dict[str, str]

    @property
    def course(self) -> Path:
        """nbgrader's course folder."""
        return self.folder / "course"

    @property
    def state(self) -> Path:
        """What the Hub keeps."""
        return self.folder / "hub"

    @property
    def sockets(self) -> Path:
        """Where the parts of the Hub listen: beside what it keeps, or in a folder of the system's where that has too long a name."""
        beside = self.folder / "sockets"
        if len(os.fsencode(beside)) <= LONGEST_FOLDER:
            return beside
        of_the_account = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        return Path(of_the_account) / f"ppm-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]}"

    @property
    def accounts(self) -> Accounts:
        """The accounts' passwords and links."""
        return Accounts(self.state / "accounts.json")


def open_trial(folder: Path) -> Trial:
    """The trial of this folder, made when there is none.

    :raises CourseError: when the folder cannot be used
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise CourseError(f"The folder {folder} cannot be made or used ({error.strerror}). Name another one with --folder.") from None
    secret = folder / "trial.json"
    try:
        kept = json.loads(secret.read_text("utf-8"))
    except FileNotFoundError:
        kept = {
            "passwords": {name: "-".join(secrets.SystemRandom().sample(_WORDS, 4)) for name in (*LEARNERS, FACILITATOR)},
            "tokens": {COURSE: secrets.token_hex(32)},
        }
        write_whole(secret, json.dumps(kept, indent=1))
    except (OSError, ValueError):
        raise CourseError(f"{secret} cannot be read, so the trial's passwords are not known. Put a copy of it back, or begin anew after: rm -r {quoted(str(folder))}") from None
    trial = Trial(folder, kept["passwords"], kept["tokens"])
    for place in (trial.state, folder / "service", trial.course, folder / "home"):
        place.mkdir(mode=0o700, exist_ok=True)
    for account, password in trial.passwords.items():
        if not trial.accounts.has_password(account) and not kept.get("begun"):
            trial.accounts.set_password(account, password)
    if not kept.get("begun"):
        write_whole(secret, json.dumps(kept | {"begun": True}, indent=1))
    return trial


def write_settings(trial: Trial, root: Path, book: Path, url: str, proxy: tuple[str, ...]) -> Path:
    """The settings of service and Hub, for this start; the Hub's file is returned."""
    service = {
        "store": f"sqlite:///{trial.folder / 'service' / 'course.sqlite'}",
        "book": str(book),
        "curriculum": str(root),
        "cache_seconds": 5,
        "courses": {
            COURSE: {
                "title": "Patient Partner Mentor, a trial",
                "readers": ["Fay, the facilitator of this trial"],
                "reading_days": 7,
                "contact": "Fay, the facilitator of this trial. Nobody answers here: it is a trial.",
                "gradebook": f"sqlite:///{trial.course / 'gradebook.db'}",
            }
        },
    }
    write_whole(trial.folder / "service" / "service.json", json.dumps(service, indent=1))
    hub = {
        "url": url,
        "state": str(trial.state),
        "root": str(root),
        "sockets": str(trial.sockets),
        "service": {"settings": str(trial.folder / "service" / "service.json")},
        "courses": {COURSE: {"folder": str(trial.course), "learners": LEARNERS, "facilitators": [FACILITATOR], "token": f"env:{GRADER_TOKEN}"}},
        "sign_in": {"by": "accounts"},
        "proxy_command": proxy,
        "with_parent": True,
    }
    write_whole(trial.folder / "hub.json", json.dumps(hub, indent=1))
    write_whole(trial.folder / "jupyterhub_config.py", _GLUE)
    return trial.folder / "hub.json"


GRADER_TOKEN = "PPM_GRADER_TOKEN"
_GLUE = """from patient_partner_mentor.hub.configure import configure
from patient_partner_mentor.hub.hub_settings import load_hub_settings

configure(load_hub_settings(), get_config())  # noqa: F821 - JupyterHub puts it there
"""


def grader_environment(trial: Trial, root: Path) -> dict[str, str]:
    """What a terminal needs to run nbgrader and ppm as the course's grader, wherever it stands.

    It asks at the sockets, where nobody else can listen.

    :param root: the course's folder
    """
    service = Door(part(trial.sockets, "service")).socket
    return {
        "PPM_SERVICE_URL": address(service, "/services/course/"),
        "PPM_SERVICE_SOCKET": str(service),  # for curl
        "JUPYTERHUB_API_TOKEN": trial.tokens[COURSE],
        "JUPYTERHUB_API_URL": address(Door(part(trial.sockets, "hub")).socket, "/hub/api"),
        "JUPYTERHUB_USER": f"grader-{COURSE}",
        FOLDER_SETTING: str(trial.course),
        COURSE_SETTING: str(root),
        "JUPYTER_CONFIG_PATH": str(trial.course),  # nbgrader's own commands find the course's settings there
    }


def write_grader_file(trial: Trial, root: Path) -> Path:
    """A file to be sourced in a terminal, for ``nbgrader`` and ``ppm`` by hand; only its owner may read it."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in grader_environment(trial, root).items()]
    lines.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH")
    write_whole(trial.folder / "grader.sh", "\n".join(lines) + "\n")
    return trial.folder / "grader.sh"


def write_course_config(trial: Trial, content: str) -> None:
    """nbgrader's settings of the course folder; a file that somebody changed stays as it is."""
    path = trial.course / "nbgrader_config.py"
    if not path.exists():
        write_whole(path, content)
