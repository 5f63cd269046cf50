"""Which facilitators' folder a command is for: named by option, by the terminal's settings, or the one somebody stands in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..advice import FOLDER_SETTING, quoted
from ..errors import CohortError
from .folder import CONFIG_FILE


def course_folder(given: Path | None) -> Path:
    """The folder by option, else by ``PPM_COURSE_FOLDER``, else here; a line says so when it is not the one of a glance.

    :raises CohortError: if somebody stands in one course's folder with the settings of another, since both could be meant
    """
    here, named = Path.cwd(), os.environ.get(FOLDER_SETTING, "")
    if given or not named:
        return given or here
    folder = Path(named)
    if folder.resolve() == here.resolve():
        return here
    if (here / CONFIG_FILE).is_file():
        raise CohortError(
            f"Two courses could be meant: you stand in {here}, and {FOLDER_SETTING} in this terminal names {folder}. "
            f"Nothing was done. Add the one that you mean: --course-folder {quoted(str(here))} or --course-folder {quoted(str(folder))}"
        )
    print(f"Course folder: {folder}, from {FOLDER_SETTING}.", file=sys.stderr)
    return folder
