"""Credit: the design's table as vectors, and laws that hold for any words."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patient_partner_mentor.credit.check import check
from patient_partner_mentor.credit.rules import RULES
from patient_partner_mentor.credit.words import equivalents, tokens

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "credit_vectors.json").read_text("utf-8"))
PROMPT = "Think of a request you said yes to when part of you wanted to say no. What would have made it safe to say no?"
LAWS = settings(derandomize=True, max_examples=200, deadline=None)
WORDS = st.lists(st.sampled_from("i we asked the nurse about my pills again and wrote it down so that nobody would forget sad angry grief".split()), max_size=60).map(" ".join)
ANY = st.text(max_size=300) | WORDS
FLAGS = ("enough", "again", "lighter")

ALPHABETS = [
    "abcdefghij klmno pqrst uvwxyz", "ABC ÄÖÜ ßẞ éèê İıſ ", "ΑΒΓ ΔΣς οδός ", "абв где ёжз ", "שלום עולם ", "مرحبا بالعالم ً ", "नमस्ते दुनिया ्ि ", "我 喜欢 医生 很 好",
    "ありがとう カタカナ 漢字", "สวัสดี ครับ", "e\u0301 a\u0308 o\u0302 n\u0303 ", "😀👩‍⚕️🏽 ok ", "0123 45-67 ,.;!? ", "\u202eabc\u202c \u200f ", "don't it’s ‘quoted’ “so” ", "\n\t\r \u00a0\u3000",
]
SENTENCES = [PROMPT, "I asked the nurse twice and she wrote it down.", "we go to clinic every week and doctor say wait", "UM so like i was there and uh they said no and i was so so sad"]


def generated_cases(count: int) -> list[dict]:
    """Texts of many scripts and shapes, with the learner's words and earlier answers; the same in every run."""
    chance = random.Random(20261122)
    cases = []
    for number in range(count):
        kind = chance.random()
        if kind < 0.5:
            letters = "".join(chance.choice(ALPHABETS) for _ in range(3))
            text = "".join(chance.choice(letters) for _ in range(chance.randrange(0, 120)))
        elif kind < 0.9:
            words = " ".join(chance.choice(SENTENCES) for _ in range(chance.randrange(1, 4))).split()
            start = chance.randrange(len(words))
            text = " ".join(words[start : start + chance.randrange(1, 40)])
        else:
            text = chance.choice(SENTENCES) + " " + chance.choice(SENTENCES)
        if number % 2500 == 7:
            text = ("".join(chance.choice(ALPHABETS[0]) for _ in range(20000)))[:20000]
        cases.append(
            {
                "text": text,
                "status": chance.choice(["written"] * 6 + ["open", "skipped", "other-way"]),
                "shared": chance.random() < 0.9,
                "prompt": chance.choice([PROMPT, "", SENTENCES[1]]),
                "earlier": chance.sample(SENTENCES, chance.randrange(0, 3)),
                "language": chance.choice(["en"] * 9 + ["cs"]),
                **{flag: chance.random() < 0.15 for flag in FLAGS},
            }
        )
    return cases


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_the_vectors(vector):
    case = dict(vector["case"])
    found = check(case.pop("text"), **case)
    assert {"state": found.state, "reason": found.reason} == vector["want"]
    assert found.points == RULES.points[found.state]


@LAWS
@given(ANY, st.fixed_dictionaries({flag: st.booleans() for flag in FLAGS}), st.sampled_from(FLAGS), st.lists(WORDS, max_size=3))
def test_a_learners_word_never_lowers_credit(text, words, raised, earlier):
    without = check(text, prompt=PROMPT, earlier=earlier, **{**words, raised: False})
    with_it = check(text, prompt=PROMPT, earlier=earlier, **{**words, raised: True})
    assert with_it.points >= without.points


@LAWS
@given(st.lists(st.sampled_from("asked told saw the and then we nurse".split()), min_size=1, max_size=40), st.data())
def test_a_changed_name_gender_or_illness_changes_nothing(words, data):
    pairs = [("maria", "ahmed"), ("she", "he"), ("diabetes", "lupus"), ("wife", "husband"), ("black", "white"), ("deaf", "blind")]
    place = data.draw(st.integers(0, len(words)))
    for one, other in pairs:
        first = check(" ".join([*words[:place], one, *words[place:]]), prompt=PROMPT)
        second = check(" ".join([*words[:place], other, *words[place:]]), prompt=PROMPT)
        assert first == second


@LAWS
@given(WORDS, st.sampled_from(["i am so angry", "my mother died and i cry", "i hate it all", "i do not want to go on", "it hurts"]))
def test_grief_and_anger_never_lower_and_never_flag(text, hard):
    assert check(f"{text} {hard}", prompt=PROMPT).points >= check(text, prompt=PROMPT).points
    assert check(f"{text} {hard}").reason in ("short", "written")


@LAWS
@given(WORDS)
def test_own_words_added_to_a_quoted_prompt_never_lower(own):
    assert check(f"{PROMPT} {own}", prompt=PROMPT).points >= check(PROMPT, prompt=PROMPT).points


@LAWS
@given(ANY)
def test_every_answer_is_a_tap_from_done(text):
    found = check(text, prompt=PROMPT, earlier=[text])
    assert found.state == "done" or found.reason == "empty" or found.question in ("enough", "again")
    if found.question:
        settled = check(text, prompt=PROMPT, earlier=[text], **{found.question: True})
        if settled.question:
            settled = check(text, prompt=PROMPT, earlier=[text], enough=True, again=True)
        assert settled.state == "done"


@LAWS
@given(ANY, st.sampled_from(["cs", "zh", "es", "xx"]))
def test_a_language_without_word_lists_is_done(text, language):
    found = check(text, prompt=PROMPT, earlier=[text], language=language)
    assert found.state == ("open" if found.reason == "empty" else "done")


def test_words_are_counted_as_the_design_says():
    assert tokens("Don't stop, Ana! Ich weiß.") == ["don", "t", "stop", "ana", "ich", "weiß"]
    assert equivalents(tokens("我喜欢这个医生")) == 3.5
    assert equivalents(tokens("สวัสดี ok")) == 1 + len("สวัสดี") / 2
    assert tokens("e\u0301te\u0301 👩‍⚕️ 12") == ["été"]


def test_nothing_that_noticing_finds_can_reach_credit():
    import inspect

    from patient_partner_mentor.credit import check as module

    for name, function in inspect.getmembers(module, inspect.isfunction):
        assert not {"elements", "noticed", "found"} & set(inspect.signature(function).parameters), name
    assert "noticing" not in inspect.getsource(module).replace("noticing found", "")
