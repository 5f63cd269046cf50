"""module.yml: the real ones can be used, and a broken one is refused with the file, the place and what to do."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from patient_partner_mentor import schemas
from patient_partner_mentor.curriculum import (
    LINKS_FILE,
    MODULE_FILE,
    load_course,
    load_link_checks,
    load_module,
    module_schema,
)
from patient_partner_mentor.errors import CurriculumError

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
FOLDERS = sorted(path.parent for path in NOTEBOOKS.glob(f"*/{MODULE_FILE}"))
NAME = "1-patient-partner"
REAL = (NOTEBOOKS / NAME / MODULE_FILE).read_text("utf-8")
DATA = yaml.safe_load(REAL)
# What the data modules do without. The walk below finds it however deep it is imported.
HOSTS = ("IPython", "ipykernel", "ipywidgets", "anywidget", "traitlets", "jupyter", "nbformat", "nbclient", "nbgrader",
         "voila", "myst_nb", "sphinx", "docutils", "tornado")  # fmt: skip
GROUND = ("curriculum", "reflections", "cards", "interface", "errors", "credit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the first module's folder, alone in a course of its own."""
    copy = tmp_path / "notebooks" / NAME
    shutil.copytree(NOTEBOOKS / NAME, copy)
    return copy


def refused(call: Callable[[], object]) -> str:
    """What is said when something is refused."""
    with pytest.raises(CurriculumError) as caught:
        call()
    return str(caught.value)


def strings(value: Any) -> Iterator[str]:
    """Every text in nested data."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from strings(inner)


# The real ones


def test_the_real_course_has_eight_modules_of_five_steps():
    course = load_course(NOTEBOOKS.parent)
    assert [module.number for module in course.modules] == list(range(1, 9))
    assert [module.name for module in course.modules] == [path.name for path in FOLDERS]
    assert all([step.number for step in module.steps] == [1, 2, 3, 4, 5] for module in course.modules)
    assert course.after(course.modules[0]) == course.modules[1] and course.after(course.modules[-1]) is None
    assert course.module("evaluate").number == 8
    hashes = [step.prompt_hash for module in course.modules for step in (*module.steps, module.next_step)]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("real", FOLDERS, ids=lambda path: path.name)
def test_a_real_module_fits_the_published_schema(real):
    schema = json.loads((schemas.HERE / "module.schema.json").read_text("utf-8"))
    data = yaml.safe_load((real / MODULE_FILE).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(data, default=str)))
    load_link_checks(real)


@pytest.mark.parametrize("real", FOLDERS, ids=lambda path: path.name)
def test_texts_are_composed_so_that_a_saved_prompt_is_the_same_text(real):
    module = load_module(real)
    assert all(unicodedata.is_normalized("NFC", text) for text in strings(module.model_dump(mode="json")))
    assert not any("\n" in part for step in module.steps for part in step.parts)


@pytest.mark.parametrize("name", schemas.MADE_BY)
def test_the_published_schema_is_the_models_own(name):
    found = (schemas.HERE / name).read_text("utf-8")
    assert found == schemas.made(name), 'Run: python -c "from patient_partner_mentor import schemas; schemas.write()"'


def test_no_schema_is_published_that_nothing_makes():
    assert {path.name for path in schemas.HERE.glob("*.json")} == set(schemas.MADE_BY)


def test_the_schema_refuses_what_the_reader_refuses():
    checker = jsonschema.Draft202012Validator(module_schema())
    data = deepcopy(DATA)
    for wrong in ({"schema_version": 2}, {"color": "blue"}, {"id": "Patient Partner"}, {"steps": data["steps"][:4]}):
        assert not checker.is_valid(data | wrong), wrong


# Broken files, as text


def text_of(edit: Callable[[str], str]) -> bytes:
    """The real file after an edit that does change it."""
    edited = edit(REAL)
    assert edited != REAL
    return edited.encode()


BROKEN_FILES = {
    "a colon in a text": (text_of(lambda t: t.replace("title: Patient Partner\n", "title: Partner: me\n")), "line 4, column 15", "quotation marks"),
    "a tab": (text_of(lambda t: t.replace("number: 1\n", "\tnumber: 1\n", 1)), "line 2", "quotation marks"),
    "a bracket without end": (text_of(lambda t: t + "starters: [\n"), f"line {REAL.count(chr(10)) + 2}", "quotation marks"),
    "brackets without end": (b"[" * 5000, "brackets", "quotation marks"),
    "two documents": (text_of(lambda t: t + "---\na: 1\n"), "line", "another document"),
    "a null character": (b"schema_version: \0", MODULE_FILE, "not readable YAML"),
    "a date that does not exist": (text_of(lambda t: t.replace("reviewed: null", "reviewed: {by: A, date: 2026-13-01, community: B}")), "line", "2026-13-01"),
    "a tag that does not fit": (text_of(lambda t: t.replace("title: Patient", "title: !!bool Patient", 1)), "line 4", "quotation marks"),
    "a set that is none": (text_of(lambda t: t.replace("schema_version: 1", "schema_version: !!set 1")), "line 1", "quotation marks"),
    "a tag of Python": (text_of(lambda t: t.replace("title: Patient", "title: !!python/name:os.system Patient", 1)), "line 4", "quotation marks"),
    "a field twice": (text_of(lambda t: t.replace("title: Patient Partner\n", "title: Patient Partner\ntitle: Me\n", 1)), "line 5", "title"),
    "nothing in it": (b"", "empty", "Copy the module.yml of another module"),
    "only a comment": (b"# soon\n", "empty", "Copy the module.yml of another module"),
    "a list": (b"- a\n- b\n", "no fields", "Copy the module.yml of another module"),
    "a text": (b"Patient Partner\n", "no fields", "Copy the module.yml of another module"),
    "Latin-1": ("title: caf\u00e9".encode("latin-1"), "not saved as UTF-8", "save it with the encoding UTF-8"),
    "UTF-16": (REAL.encode("utf-16"), "not saved as UTF-8", "save it with the encoding UTF-8"),
    "a newer schema": (text_of(lambda t: t.replace("schema_version: 1", "schema_version: 2")), "line 1, field schema_version", "Update the course"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_is_refused(folder, name):
    content, place, advice = BROKEN_FILES[name]
    (folder / MODULE_FILE).write_bytes(content)
    said = refused(lambda: load_module(folder))
    assert str(folder / MODULE_FILE) in said
    assert place in said and advice in said, said


def test_a_missing_file_is_refused(folder):
    (folder / MODULE_FILE).unlink()
    assert f"{folder / MODULE_FILE} is missing" in refused(lambda: load_module(folder))


def test_a_folder_in_the_place_of_the_file_is_refused(folder):
    (folder / MODULE_FILE).unlink()
    (folder / MODULE_FILE).mkdir()
    assert str(folder / MODULE_FILE) in refused(lambda: load_module(folder))


def test_a_file_in_the_place_of_the_folder_is_refused(folder):
    assert MODULE_FILE in refused(lambda: load_module(folder / MODULE_FILE))


def test_a_folder_with_another_name_is_refused(folder):
    other = folder.rename(folder.with_name("1-partner"))
    said = refused(lambda: load_module(other))
    assert "'1-patient-partner'" in said and "'1-partner'" in said and "Rename the folder" in said
    assert load_module(folder.parent / shutil.move(other, folder.with_name("assignment"))).name == NAME


# Broken data


def step(number: int, **fields: Any) -> Callable[[dict], None]:
    """Change fields of a step; None takes one away."""

    def edit(data: dict) -> None:
        for name, value in fields.items():
            data["steps"][number - 1][name] = value
            if value is None:
                del data["steps"][number - 1][name]

    return edit


def resource(**fields: Any) -> Callable[[dict], None]:
    """Change fields of the first step's first resource."""
    return lambda data: data["steps"][0]["resources"][0].update(fields)


def top(**fields: Any) -> Callable[[dict], None]:
    """Change fields of the module."""
    return lambda data: data.update(fields)


BROKEN_DATA = {
    "unknown field": (top(color="blue"), "field color", "not known"),
    "unknown field of a step": (step(2, hint="x"), "field steps.2.hint", "not known"),
    "unknown field of a resource": (resource(licence="x"), "field steps.1.resources.1.licence", "not known"),
    "missing field": (lambda data: data.pop("topic_note"), "field topic_note", "missing"),
    "missing field of a step": (step(3, prompt=None), "field steps.3.prompt", "missing"),
    "sensitive without lighter": (lambda data: (step(2, sensitive=True, lighter="x")(data), step(2, lighter=None)(data)), "field steps.2", "lighter"),
    "unknown kind": (step(3, kind="essay"), "field steps.3.kind", "'letter'"),
    "parts that the kind does not have": (step(3, kind="answer", parts=["a"]), "field steps.3", "'parts'"),
    "a sentence without parts": (step(3, kind="sentence"), "field steps.3", "'parts'"),
    "a part twice": (step(3, kind="plan", parts=["a", "b", "a"]), "field steps.3", "different labels"),
    "look again at nothing": (step(3, kind="look-again"), "field steps.3", "'looks_back_to'"),
    "look back to half an address": (step(3, looks_back_to=["my-skills"]), "field steps.3.looks_back_to.1", "match"),
    "an empty prompt": (step(3, prompt="  "), "field steps.3.prompt", "at least 1"),
    "a url and lost": (resource(status="lost"), "field steps.1.resources.1", "'lost'"),
    "no url and usable": (resource(url=None), "field steps.1.resources.1", "url"),
    "no url at all": (resource(url="www.example.org"), "field steps.1.resources.1.url", "URL"),
    "a url that is no web address": (resource(url="javascript:alert(1)"), "field steps.1.resources.1.url", "http"),
    "facts from nowhere": (resource(facts=["x"], facts_source=None), "field steps.1.resources.1", "facts_source"),
    "a video without an id": (resource(youtube={"id": "x"}), "field steps.1.resources.1.youtube.id", "match"),
    "an id twice": (step(3, id="my-skills"), "field the file", "id of its own"),
    "a step called next-step": (step(3, id="next-step"), "field the file", "'next-step'"),
    "an id that is none": (step(3, id="What I bring"), "field steps.3.id", "match"),
    "steps in another order": (lambda data: data["steps"].reverse(), "field the file", "in order"),
    "four steps": (lambda data: data["steps"].pop(), "field steps", "5"),
    "steps are no list": (top(steps="five"), "field steps", "Change it"),
    "a number that is none": (top(number="one"), "field number", "integer"),
    "a title that is a list": (top(title=["a"]), "field title", "string"),
    "a version of zero": (top(version=0), "field version", "greater"),
    "a day that is a word": (top(reviewed={"by": "A", "date": "soon", "community": "B"}), "field reviewed.date", "date"),
    "a lone surrogate": (top(title="\ud800"), "field title", "unicode"),
    "a field without a name": (lambda data: data.update({None: 1}), "line", "Keys should be strings"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_DATA)
def test_broken_data_is_refused(folder, name):
    edit, place, advice = BROKEN_DATA[name]
    data = deepcopy(DATA)
    edit(data)
    (folder / MODULE_FILE).write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    said = refused(lambda: load_module(folder))
    assert f"{folder / MODULE_FILE}, line " in said
    assert place in said and advice in said, said


def test_the_line_is_the_fields_own(folder):
    lines = REAL.splitlines()
    line = next(i for i, text in enumerate(lines) if text.strip() == "kind: answer") + 1
    lines[line - 1] = lines[line - 1].replace("answer", "essay")
    (folder / MODULE_FILE).write_text("\n".join(lines), "utf-8")
    assert f"line {line}, field steps.2.kind" in refused(lambda: load_module(folder))


def test_a_step_that_is_not_there_is_refused():
    said = refused(lambda: load_module(NOTEBOOKS / NAME).step(6))
    assert "no step 6" in said and NAME in said and "Change the number" in said


# Broken courses


def edit_module(folder: Path, edit: Callable[[dict], object]) -> None:
    """Change a module's data."""
    data = yaml.safe_load((folder / MODULE_FILE).read_text("utf-8"))
    edit(data)
    (folder / MODULE_FILE).write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")


def test_a_look_back_to_nowhere_is_refused(folder):
    edit_module(folder, step(3, looks_back_to=["patient-partner/my-skils"]))
    said = refused(lambda: load_course(folder.parent.parent))
    assert f"{NAME}/{MODULE_FILE}, step 3" in said and "'patient-partner/my-skils'" in said and "Check the spelling" in said


@pytest.mark.parametrize(("name", "change", "what"), [
    ("1-other", {"id": "other"}, "number 1"),
    ("2-patient-partner", {"number": 2}, "id 'patient-partner'"),
])  # fmt: skip
def test_two_modules_with_one_number_or_id_are_refused(folder, name, change, what):
    shutil.copytree(folder, folder.with_name(name))
    edit_module(folder.with_name(name), top(**change))
    said = refused(lambda: load_course(folder.parent.parent))
    assert what in said and "Give one of them another" in said


def test_a_course_without_modules_is_refused(tmp_path):
    assert str(tmp_path / "notebooks") in refused(lambda: load_course(tmp_path))


def test_a_module_that_no_course_has_is_refused(folder):
    assert "'evaluat'" in refused(lambda: load_course(folder.parent.parent).module("evaluat"))


@pytest.mark.parametrize("content", ["- a\n", "https://example.org/: soon\n", "a: [\n", "a: 2026-13-01\n", "a: b: c\n"])
def test_broken_link_checks_are_refused(folder, content):
    (folder / LINKS_FILE).write_text(content, "utf-8")
    said = refused(lambda: load_link_checks(folder))
    assert str(folder / LINKS_FILE) in said and "make links" in said


# Anything else

SNIPPETS = [": ", "- ", "\t", "'", '"', "[", "{", "}", "&a ", "*a", "!!int ", "!!set ", "!x ", "%", "|", ">-", "#", "\n", "\0", "\x85", "\ufeff", "<<: ", "? ", "=", "~", "---\n", "2026-13-01", "1_000:99", "0o9", ".inf", "\u00e9", "\U0001f600", "\\ud800"]  # fmt: skip
JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=5) | st.just([]) | st.just({}) | st.just("x" * 3000)


@st.composite
def edited_texts(draw) -> bytes:
    """The real file after some slips of the hand."""
    content = REAL
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(content))), draw(st.sampled_from([0, 0, 1, 4, 60, 2000]))
        content = content[:at] + draw(st.sampled_from(["", *SNIPPETS])) + content[at + length :]
    return content.encode()


@st.composite
def edited_data(draw) -> bytes:
    """The real data with one value, at any depth, that is something else or gone."""
    data = deepcopy(DATA)
    where = data
    while True:
        key = draw(st.sampled_from(list(where) if isinstance(where, dict) else range(len(where))))
        if not (isinstance(where[key], dict | list) and where[key]) or draw(st.integers(0, 3)) == 0:
            break
        where = where[key]
    if draw(st.booleans()):
        where[key] = draw(JUNK)
    else:
        del where[key]
    return yaml.safe_dump(data).encode()


@settings(derandomize=True, max_examples=150, deadline=None)
@given(content=edited_texts() | edited_data())
def test_a_slip_of_the_hand_is_used_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp() / "slips"
    folder.mkdir(exist_ok=True)
    (folder / MODULE_FILE).write_bytes(content)
    try:
        assert len(load_module(folder).steps) == 5
    except CurriculumError as error:
        assert str(folder / MODULE_FILE) in str(error)


# Direction of imports


@pytest.mark.parametrize("name", [n for n in GROUND if importlib.util.find_spec(f"patient_partner_mentor.{n}")])
def test_what_stands_on_the_ground_imports_no_host(name):
    code = f"import sys, patient_partner_mentor.{name}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    found = done.stdout.split()
    assert "patient_partner_mentor" in found
    assert not [module for module in found if module.startswith(HOSTS)]
