"""Read and check ``module.yml``: the titles, prompts and resources of one module, and all modules as a course."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, ValidationError, model_validator

from .errors import CurriculumError

SCHEMA_VERSION = 1
STEPS_IN_A_MODULE = 5
MODULE_FILE = "module.yml"
COURSE_SETTING = "PPM_COURSE"
LINKS_FILE = "links.yml"

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Kind = Literal["answer", "sentence", "plan", "letter", "look-again", "moment"]
ResourceKind = Literal[
    "article", "video", "report", "web page", "event recording", "podcast", "community", "book", "toolkit"
]
Status = Literal["usable", "replaced", "lost", "may-expire", "sign-in", "no-link"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class YouTube(_Data):
    """A video on YouTube: its id, and the second at which it should start."""

    id: Annotated[str, StringConstraints(pattern=r"^[\w-]{11}$")]
    start_seconds: Annotated[int, Field(ge=0)] = 0


class Alternative(_Data):
    """Something to open beside, or in place of, a resource of the outline; always marked as this course's choice."""

    url: HttpUrl
    title: Line
    about: Line
    role: Literal["stand-in", "second reading", "related reading"]


class Resource(_Data):
    """One resource that the outline names at a step.

    ``label`` is the outline's own and always shown; ``title`` is shown only when ``title_verified``. ``facts`` are
    what the resource is known to say, and all that the course may say about it.
    """

    label: Line
    part: Line | None = None
    kind: ResourceKind
    url: HttpUrl | None
    status: Status
    mapping: Literal["certain", "likely"] = "certain"
    title: Line | None = None
    title_verified: bool = False
    authors: tuple[Line, ...] = ()
    publisher: Line | None = None
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    doi: Line | None = None
    youtube: YouTube | None = None
    may_ask_payment: bool = False
    facts: tuple[Line, ...] = ()
    facts_source: Line | None = None
    about: Line | None = None
    key_words: tuple[Line, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    @model_validator(mode="after")
    def _link_fits_status(self) -> Resource:
        if (self.url is None) != (self.status in ("lost", "no-link")):
            raise ValueError("a resource has a url unless its status is 'lost' or 'no-link', and none if it is")
        if self.facts and not self.facts_source:
            raise ValueError("facts need a facts_source that says where they were read")
        return self


class Step(_Data):
    """One step: its title as in the outline, our prompt, and its resources. ``id`` never changes, ``number`` may."""

    number: Annotated[int, Field(ge=1, le=STEPS_IN_A_MODULE)]
    id: Slug
    title: Line
    kind: Kind = "answer"
    sensitive: bool = False
    prompt: Line
    parts: tuple[Line, ...] = ()
    looks_back_to: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")], ...] = ()
    looks_back: Literal["at once", "after writing"] = "at once"
    lighter: Line | None = None
    starters: tuple[Line, ...] = ()
    resources: tuple[Resource, ...] = ()

    @model_validator(mode="after")
    def _kind_is_complete(self) -> Step:
        if self.sensitive and not self.lighter:
            raise ValueError("a sensitive step needs a lighter prompt (field 'lighter')")
        if (self.kind in ("sentence", "plan")) != bool(self.parts):
            raise ValueError("a step of kind 'sentence' or 'plan' needs 'parts', and no other kind has them")
        if self.kind == "look-again" and not self.looks_back_to:
            raise ValueError("a step of kind 'look-again' needs 'looks_back_to', as module-id/step-id")
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("the parts of a step need different labels")
        return self

    @cached_property
    def key_words(self) -> tuple[str, ...]:
        """The key words of the step's resources, without those that its own question holds: an answer has them anyway."""
        asked = f"{self.prompt} {self.lighter or ''} {' '.join(self.parts)}".lower()
        words = [word for resource in self.resources for word in resource.key_words]
        return tuple(dict.fromkeys(word for word in words if not re.search(rf"\b{re.escape(word.lower())}", asked)))

    @cached_property
    def prompt_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the prompt's words: an answer names the prompt that it answers."""
        words = "\n".join((self.prompt, *self.parts))
        return hashlib.sha256(unicodedata.normalize("NFC", words).encode()).hexdigest()[:16]


class NextStep(_Data):
    """The question for one line to take away; the eight lines together are "My plan"."""

    prompt: Line

    @property
    def prompt_hash(self) -> str:
        """As for a step."""
        return hashlib.sha256(unicodedata.normalize("NFC", self.prompt).encode()).hexdigest()[:16]


class Review(_Data):
    """Who read this module's text as a patient partner, when, and from which community."""

    by: Line
    date: date
    community: Line


class Module(_Data):
    """One module: five steps, as ``module.yml`` holds them."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        title="module.yml of a Patient Partner Mentor course",
        json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"},
    )

    schema_version: Literal[1]
    number: Annotated[int, Field(ge=1, le=99)]
    id: Slug
    title: Line
    version: Annotated[int, Field(ge=1)]
    topic_note: Line
    reviewed: Review | None = None
    next_step: NextStep
    steps: Annotated[tuple[Step, ...], Field(min_length=STEPS_IN_A_MODULE, max_length=STEPS_IN_A_MODULE)]

    @model_validator(mode="after")
    def _steps_are_told_apart(self) -> Module:
        if [s.number for s in self.steps] != list(range(1, len(self.steps) + 1)):
            raise ValueError("the steps need the numbers 1 to 5, in order")
        if len({s.id for s in self.steps} | {"next-step"}) != len(self.steps) + 1:
            raise ValueError("every step needs an id of its own, and none is called 'next-step'")
        return self

    @property
    def name(self) -> str:
        """The name of the module's folder and assignment: number and id."""
        return f"{self.number}-{self.id}"

    def step(self, number: int) -> Step:
        """The step with this number.

        :raises CurriculumError: if there is none
        """
        for step in self.steps:
            if step.number == number:
                return step
        raise CurriculumError(
            f"Module {self.name} has no step {number}. It has the steps 1 to {len(self.steps)}. "
            f"Change the number in the notebook's cell, or add the step to {MODULE_FILE}."
        )


class Course(_Data):
    """All modules, in order."""

    modules: tuple[Module, ...]

    def module(self, module_id: str) -> Module:
        """The module with this id.

        :raises CurriculumError: if there is none
        """
        for module in self.modules:
            if module.id == module_id:
                return module
        raise CurriculumError(f"There is no module with the id '{module_id}'. Check the spelling in the file that names it.")

    def after(self, module: Module) -> Module | None:
        """The module that follows, or nothing after the last."""
        later = [m for m in self.modules if m.number > module.number]
        return later[0] if later else None


def load_module(folder: Path | str) -> Module:
    """Read one module folder's ``module.yml``.

    :raises CurriculumError: with the file, the line and field, what was expected and what to do
    """
    path = Path(folder) / MODULE_FILE
    node, data = _yaml(path)
    if not isinstance(data, dict):
        raise CurriculumError(f"{path}: the file is empty or has no fields. Copy the {MODULE_FILE} of another module to start from.")
    try:
        module = Module.model_validate(data)
    except ValidationError as error:
        raise CurriculumError(_explain(path, node, error)) from None
    if Path(folder).name[:1].isdigit() and Path(folder).name != module.name:
        raise CurriculumError(
            f"{path}: number and id say '{module.name}', but the folder is called '{Path(folder).name}'. "
            "The two have to agree. Rename the folder, or change 'number' (never the id)."
        )
    return module


def load_course(root: Path | str) -> Course:
    """Read every module folder under ``root/notebooks``, in order of number.

    :raises CurriculumError: if a module is broken, two share a number or id, or a step looks back to nothing
    """
    folders = sorted(p.parent for p in Path(root, "notebooks").glob(f"[0-9]*-*/{MODULE_FILE}"))
    if not folders:
        raise CurriculumError(f"There is no module under {Path(root, 'notebooks')}. Is this the course's own folder?")
    modules = sorted((load_module(f) for f in folders), key=lambda m: m.number)
    for what in ("number", "id"):
        values = [getattr(m, what) for m in modules]
        double = {v for v in values if values.count(v) > 1}
        if double:
            raise CurriculumError(f"Two modules have the {what} {double.pop()!r}. Give one of them another {what}.")
    known = {f"{m.id}/{s.id}" for m in modules for s in m.steps}
    for module in modules:
        for step in module.steps:
            for target in step.looks_back_to:
                if target not in known:
                    raise CurriculumError(
                        f"{module.name}/{MODULE_FILE}, step {step.number}: looks_back_to names '{target}', "
                        "and no step has that module-id/step-id. Check the spelling."
                    )
    return Course(modules=tuple(modules))


def find_course() -> Course:
    """The whole course, looked for in this order: ``$PPM_COURSE``; the working directory and those above it; the copy
    that the installed package carries.

    :raises CurriculumError: if it is nowhere
    """
    places = [Path(os.environ[COURSE_SETTING])] if os.environ.get(COURSE_SETTING) else []
    places += [Path.cwd(), *Path.cwd().parents[:3], Path(__file__).parent / "course"]
    for place in places:
        if any((place / "notebooks").glob(f"*/{MODULE_FILE}")):
            return load_course(place)
    raise CurriculumError(f"The course was not found. Start in the course's own folder, or set {COURSE_SETTING} to it.")


def load_link_checks(folder: Path | str) -> dict[str, date]:
    """The date of the last good answer of each address of a module, as the link check wrote it; empty before the first."""
    path = Path(folder) / LINKS_FILE
    if not path.exists():
        return {}
    advice = "Delete the file and run 'make links' again."
    data = _yaml(path, advice)[1] or {}
    if not isinstance(data, dict) or not all(isinstance(v, date) for v in data.values()):
        raise CurriculumError(f"{path}: expected one 'address: date' a line. {advice}")
    return data


def module_schema() -> dict[str, Any]:
    """The JSON Schema of ``module.yml``; a copy is published under ``schemas/``."""
    return Module.model_json_schema()


def prose(markdown: str) -> str:
    """The words of a MyST notebook that a reader reads: no front matter, cells, directives or link addresses."""
    text = re.sub(r"\A---.*?\n---\n", "", markdown, flags=re.S)
    text = re.sub(r"^```\{code-cell\}.*?^```", "", text, flags=re.S | re.M)
    text = re.sub(r"^(`{3,}|:{3,}).*$|^\(.*\)=$", "", text, flags=re.M)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[#*_`>]", "", text)


class _Loader(yaml.SafeLoader):
    """YAML that refuses a field written twice, and says where a value is that cannot be what it looks like."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError):  # PyYAML lets these out: a date such as 2026-13-01, !!bool x
            problem = f"'{str(node.value)[:40]}' cannot be read as a date, number or what its tag says"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                raise yaml.constructor.ConstructorError(None, None, f"the field '{key.value}' is here twice", key.start_mark)
            names.add(str(key.value))
        return super().construct_mapping(node, deep)


_YAML_ADVICE = (
    "Often a colon or a quotation mark inside a text is the cause. Put the text in quotation marks, "
    "or write it on the next line after '>-'."
)


def _yaml(path: Path, advice: str = _YAML_ADVICE) -> tuple[yaml.Node | None, Any]:
    text = _read(path)
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader), yaml.load(text, Loader=_Loader)  # _Loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        problem = getattr(error, "problem", None) or "broken"
    except RecursionError:
        where, problem = "somewhere", "there are too many brackets"
    raise CurriculumError(f"{path}, {where}: this is not readable YAML ({problem}). {advice}")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise CurriculumError(f"{path} is missing. Each module folder needs one; copy another module's to start from.") from None
    except OSError as error:
        raise CurriculumError(f"{path} cannot be opened ({error.strerror}). Check that it is a file, and that you may read it.") from None
    except UnicodeDecodeError:
        raise CurriculumError(f"{path} is not saved as UTF-8. Open it in your editor and save it with the encoding UTF-8.") from None


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    for key in location:
        child = None
        if isinstance(node, yaml.MappingNode):
            child = next((v for k, v in node.value if k.value == key), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            child = node.value[key]
        if child is None:
            break
        node = child
    return node.start_mark.line + 1 if node else 1


def _explain(path: Path, node: yaml.Node | None, error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        field = ".".join(str(k + 1 if isinstance(k, int) else k) for k in problem["loc"]) or "the file"
        lines.append(f"{path}, line {_line(node, problem['loc'])}, field {field}: {_advice(problem)}")
    return "\n".join(lines)


def _advice(problem: Any) -> str:
    kind, message = problem["type"], problem["msg"].removeprefix("Value error, ")
    if kind == "missing":
        return "this field is missing. Add it; the author's guide lists every field."
    if kind == "extra_forbidden":
        return "this field is not known. Check its spelling against the author's guide, or remove it."
    if kind == "literal_error" and problem["loc"][-1] == "schema_version":
        return f"this version of the course reads schema version {SCHEMA_VERSION}. Update the course, or write {SCHEMA_VERSION}."
    return f"{message}. Change it and build again."
