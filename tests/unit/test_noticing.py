"""Noticing: the vectors that Python and the browser share, its laws, and that its lists keep to what they promise."""

from __future__ import annotations

import inspect
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patient_partner_mentor.credit.check import check
from patient_partner_mentor.credit.lists import ELEMENTS, WordLists, languages, word_lists
from patient_partner_mentor.credit.noticing import notice, notice_with
from patient_partner_mentor.credit.words import tokens

VECTORS = json.loads((Path(__file__).parent.parent / "data/noticing_vectors.json").read_text("ascii"))
LAW = settings(derandomize=True, max_examples=200, deadline=None)
NAMES = "Ana Grace Hope Joy Will May Rose Drew Ed Fred Ahmed Mohammed Jared Mildred Faith Angel Mark Sue Olu Mei".split()
ILLNESSES = "diabetes cancer asthma lupus arthritis depression anxiety epilepsy dementia stroke HIV pain grief-counseling".split()[:-1]
PRONOUNS = (("she", "her", "herself"), ("he", "his", "himself"), ("they", "their", "themselves"))
STORIES = (
    "Last spring {name} told me about {illness}, and {she} said that {her} house was too quiet.",
    "{name} has {illness}. I think {she} knew before us.",
    "I went with {name} to the clinic. {she} asked {herself} why nobody had said {illness} aloud.",
    "Next time I will ask {name} how {she} lives with {illness}.",
    "when {name} get {illness} i was afraid and {she} hold my hand",
)
HURT = (
    "My father died and I am so angry that I could scream.",
    "I hate this. I hate them for letting her die.",
    "i cannot go on like this i miss him every hour",
    "Nobody cared. I was furious, ashamed and alone.",
)


def own_lists(entry: str) -> WordLists:
    """The vectors' tiny lists with one entry."""
    data = json.loads(json.dumps(VECTORS["lists"]))
    data["elements"]["meant"]["groups"][0]["entries"] = [entry] if entry else []
    return WordLists.model_validate(data)


@pytest.mark.parametrize("case", VECTORS["patterns"], ids=lambda c: c["name"])
def test_patterns(case):
    lists = own_lists(case["entry"])
    assert [text for text in case["yes"] if notice_with(lists, text) != ("meant",)] == []
    assert [text for text in case["no"] if notice_with(lists, text)] == []


@pytest.mark.parametrize("case", VECTORS["key_words"], ids=lambda c: c["name"])
def test_key_words(case):
    lists = own_lists("")
    assert [text for text in case["yes"] if notice_with(lists, text, case["key_words"]) != ("resource",)] == []
    assert [text for text in case["no"] if notice_with(lists, text, case["key_words"])] == []


@pytest.mark.parametrize("case", VECTORS["notice"], ids=lambda c: c["name"])
def test_published_lists(case):
    assert list(notice(case["text"], case.get("language", "en"), case.get("key_words", ()))) == case["want"]


@pytest.mark.parametrize("story", STORIES)
def test_a_changed_name_illness_or_gender_changes_nothing(story):
    found = {
        notice(story.format(name=name, illness=illness, she=she, her=her, herself=herself), "en")
        for name, illness, (she, her, herself) in itertools.product(NAMES, ILLNESSES, PRONOUNS)
    }
    assert len(found) == 1


@pytest.mark.parametrize("words", HURT)
def test_grief_and_anger_are_never_flagged_and_never_take_away(words):
    assert set(notice(words, "en")) <= {"happened", "meant"}
    plain = "I went to the clinic and nobody asked me anything."
    assert set(notice(f"{plain} {words}", "en")) >= set(notice(plain, "en"))
    assert check(f"{plain} {words}").state == "done"


@LAW
@given(st.text(max_size=400), st.lists(st.text(max_size=20), max_size=4), st.sampled_from(["en", "cs", "en-GB", "", "-", "\u0130"]))
def test_any_text_is_taken(text, key_words, language):
    found = notice(text, language, key_words)
    assert list(found) == [name for name in ELEMENTS if name in found]
    assert language.startswith("en") or found == ()


_WORDS = st.lists(st.sampled_from("I we don't can't it's I'll nurse's was went feel felt will me asked why hope to the".split()), max_size=25)


@LAW
@given(_WORDS, st.sampled_from(["", ".", "?", "!"]))
def test_apostrophes_and_capitals_change_nothing(words, end):
    text = " ".join(words) + end
    found = notice(text, "en")
    for apostrophe in "\u2019\u2018\u02bc\u00b4`"[:2] + "`":
        assert notice(text.replace("'", apostrophe), "en") == found
    assert notice(text.upper(), "en") == notice(text.lower(), "en") == found


@LAW
@given(_WORDS, _WORDS)
def test_a_sentence_more_takes_nothing_away(first, second):
    one, two = " ".join(first), " ".join(second)
    assert set(notice(f"{one}. {two}.", "en")) >= set(notice(f"{one}.", "en")) | set(notice(f"{two}.", "en"))


def test_credit_takes_no_elements():
    assert not set(inspect.signature(check).parameters) & {"elements", "noticed", "found", *ELEMENTS}
    source = Path(inspect.getfile(check)).read_text("utf-8")
    assert "import" in source and not re.search(r"^(?:from|import) .*\b(?:noticing|lists)\b", source, re.M)


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_lists_are_well_made(language):
    lists = word_lists(language)
    assert lists.language == language
    assert set(lists.elements) == set(ELEMENTS)
    parts = [part for words in lists.classes.values() for line in words for part in line.split()]
    for listed in lists.elements.values():
        assert len({group.name for group in listed.groups}) == len(listed.groups)
        for group in listed.groups:
            assert group.about
            assert round(group.weight * 10) == pytest.approx(group.weight * 10)
            items = [item for entry in group.entries for item in entry.split(" ")]
            parts += [part for item in items if not re.fullmatch(r"<[1-9]|[\^?]", item) for part in item.split("|")]
    for part in parts:
        if part.startswith("@"):
            assert part[1:] in lists.classes
        else:
            plain = part.removeprefix("-").removeprefix("*").removesuffix("*")
            assert tokens(plain) == [plain], f"{part!r} is not one word as noticing reads words"


def test_noticing_stays_silent_on_the_way_in_and_out():
    code = (
        "import socket, sys\n"
        "def no(*a, **k): raise AssertionError('a socket')\n"
        "socket.socket.__init__ = no\n"
        "from patient_partner_mentor.credit.noticing import notice\n"
        "assert notice('It made me feel small.', 'en') == ('meant',)\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('IPython', 'ipykernel', 'jupyter_core', 'sphinx', 'sklearn', 'numpy')]\n"
    )
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
