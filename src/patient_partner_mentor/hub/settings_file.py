"""A program's settings out of one file, JSON or YAML, with an error that names the field and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import CurriculumError

Model = TypeVar("Model", bound=BaseModel)


def read_settings(model: type[Model], path: Path | None, variable: str, program: str) -> Model:
    """The settings out of their file.

    :param path: by default what the environment variable names
    :param program: whose they are, for the errors: "the Hub"
    :raises CurriculumError: with the field, what was expected and what to do
    """
    named = path or os.environ.get(variable)
    if not named:
        raise CurriculumError(f"{program[0].upper()}{program[1:]} needs its settings. Name their file in the environment variable {variable}.")
    try:
        data: Any = yaml.safe_load(Path(named).read_text("utf-8"))  # JSON is YAML
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CurriculumError(f"{named} cannot be read ({type(error).__name__}). Check that it is there, and valid YAML or JSON.") from None
    return checked(model, data, str(named), program)


def checked(model: type[Model], data: Any, named: str, program: str) -> Model:
    """The settings out of plain data.

    :param named: what to call the data in an error
    :raises CurriculumError: with the field, what was expected and what to do
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        said = [f"{named}, {'.'.join(map(str, p['loc'])) or 'the file'}: {p['msg']}." for p in error.errors(include_url=False, include_input=False)]
    raise CurriculumError("\n".join([*said, f"Mend the file and start {program} again."]))
