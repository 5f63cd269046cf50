"""Where a notebook's cell finds its module: its argument, PPM_COURSE, the working directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from patient_partner_mentor import module
from patient_partner_mentor.errors import CurriculumError
from patient_partner_mentor.form import form

NAME = "2-embrace-learnings"


@pytest.fixture
def elsewhere(root: Path, tmp_path: Path, monkeypatch) -> Path:
    """A working directory without a course, and a course folder with one module in it."""
    shutil.copytree(root / "notebooks" / NAME, tmp_path / "other" / "notebooks" / NAME)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.delenv("PPM_COURSE", raising=False)
    return tmp_path / "other"


def test_the_argument_as_a_path_comes_first(elsewhere, root, monkeypatch):
    monkeypatch.setenv("PPM_COURSE", str(root))
    assert module(str(elsewhere / "notebooks" / NAME)).folder == elsewhere / "notebooks" / NAME


def test_then_the_course_of_the_setting(elsewhere, monkeypatch):
    monkeypatch.setenv("PPM_COURSE", str(elsewhere))
    assert module(NAME).folder == elsewhere / "notebooks" / NAME


def test_then_the_working_directory(elsewhere, monkeypatch):
    monkeypatch.chdir(elsewhere / "notebooks" / NAME)
    assert module(NAME).folder == elsewhere / "notebooks" / NAME
    renamed = elsewhere / "notebooks" / "handed-out"
    (elsewhere / "notebooks" / NAME).rename(renamed)
    monkeypatch.chdir(renamed)
    assert module(NAME).folder == renamed


def test_a_module_that_is_nowhere_is_said(elsewhere):
    with pytest.raises(CurriculumError, match="'9-nowhere' was not found. Start the notebook in the module's own folder"):
        module("9-nowhere")


def test_a_step_that_is_not_there_is_said(root):
    with pytest.raises(CurriculumError, match="has no step 7. It has the steps 1 to 5"):
        module(str(root / "notebooks" / NAME)).step(7)


@pytest.mark.parametrize("value", [None, ""])
def test_unless_told_nothing_is_kept_on_a_disk(monkeypatch, value):
    monkeypatch.delenv(form.HOST_SETTING, raising=False)
    if value is not None:
        monkeypatch.setenv(form.HOST_SETTING, value)
    assert form.host() == "public"


def test_a_host_that_is_none_is_said(monkeypatch):
    monkeypatch.setenv(form.HOST_SETTING, "somewhere")
    with pytest.raises(CurriculumError, match="PPM_HOST says 'somewhere'"):
        form.host()


def test_no_text_of_a_learner_is_a_synced_trait(root, monkeypatch):
    monkeypatch.setenv(form.HOST_SETTING, "page")
    found = module(str(root / "notebooks" / NAME))
    widget = form.ReflectionForm.for_step(found.data, found.data.step(2))
    ours = {name for name in widget.trait_names(sync=True) if not name.startswith("_")} - {"layout", "tabbable", "tooltip", "comm"}
    assert ours == {"question", "settings"}
    assert "text" not in widget.question and "answer" not in widget.question
