"""What is read of anything that a stranger sent: within its limit, in linear time, and said in one word when it is too much."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patient_partner_mentor.errors import RecordError
from patient_partner_mentor.handins import parse_hand_in
from patient_partner_mentor.limits import JOINER, MARKS, WINDOW, Limit, Unreadable, part_marks, read_json, weigh
from patient_partner_mentor.reflections import LONGEST_PAST, clean

MEGABYTE = 1_000_000
LOOSE = Limit(size=2 * MEGABYTE, depth=32, values=1_000)


@pytest.mark.parametrize("data", [{"a": [1, 2, {"b": None}]}, 'quote " and \\ back', [], "x" * (3 * WINDOW), ["\\" * WINDOW, '"' * WINDOW], {"\u2028": "😀"}])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_what_is_within_the_limit_is_read(data: object, ascii_only: bool) -> None:
    assert read_json(json.dumps(data, ensure_ascii=ascii_only).encode(), LOOSE) == data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 33 + "]" * 33, "deep"),
        ('{"a":' * 33 + "1" + "}" * 33, "deep"),
        ("[" * MEGABYTE, "many"),
        ("[" + "1," * 2_000 + "1]", "many"),
        ('"" ' * 2_000, "many"),
        ('"' * 3_000, "many"),
        ("x" * (2 * MEGABYTE + 1), "large"),
        ('{"a": 1', "broken"),
        ('"' + '\\"' * 80_000, "broken"),
        ('\\"' * 80_000, "broken"),
        ('"' + "\\" * (2 * WINDOW + 1), "broken"),
        ("9" * 100_000, "broken"),
        ("", "broken"),
    ],
)
def test_what_is_too_much_is_said(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_json(text.encode(), LOOSE)
    assert caught.value.why == why
    assert caught.value.__context__ is None and caught.value.args == (why,)


def test_brackets_inside_strings_are_words() -> None:
    """A learner may write as many brackets, commas and quotes as she likes."""
    words = "[{\\\"" * 30_000 + ",,,,"
    assert read_json(json.dumps([words, words]).encode(), LOOSE) == [words, words]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text('"\\a[]{},\n'), lambda inner: st.lists(inner) | st.dictionaries(st.text('"\\[a'), inner)))
def test_the_look_beforehand_takes_whatever_json_is(data: object) -> None:
    weigh(json.dumps(data), Limit(MEGABYTE, 1_000, 1_000_000))
    assert read_json(json.dumps(data).encode(), Limit(MEGABYTE, 1_000, 1_000_000)) == data


def test_what_is_not_utf_8_is_broken() -> None:
    for raw in (b"\xff\xfe", '{"a": 1}'.encode("utf-16"), b'"\xed\xa0\x80"'):
        with pytest.raises(Unreadable, match="broken"):
            read_json(raw, LOOSE)


@pytest.mark.parametrize("raw", [b'\\"' * 80_000, b'"' + b'\\"' * 80_000, b"[" * 400_000, b'"' * 160_000])
def test_a_hand_in_that_is_none_is_one_sentence(raw: bytes) -> None:
    with pytest.raises(RecordError, match="not JSON"):
        parse_hand_in(raw)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ae\u0301\u0316\u0344\u0345\u1112\u1161\u11ab\u0958" + JOINER), max_size=200))
def test_runs_of_marks_are_parted_once(text: str) -> None:
    """Cleaning twice is cleaning once, every run is short, and without the joiners the words are the ones that were typed."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    run = 0
    for letter in cleaned:
        run = run + 1 if letter != JOINER and unicodedata.category(letter)[0] == "M" else 0
        assert run <= MARKS
    if part_marks(text) == text:
        assert cleaned == unicodedata.normalize("NFC", text) or part_marks(unicodedata.normalize("NFC", text)) == cleaned


def test_honest_words_with_marks_stay_as_they_are() -> None:
    for words in ("Tiếng Việt có dấu", "नमस्ते, क्षत्रिय", "שָׁלוֹם עֲלֵיכֶם", "ٱلسَّلَامُ عَلَيْكُمْ", "བོད་སྐད་ཧཱུྃ", "z̷̡̹͝a̸l̵g̶o̷"):
        for form in ("NFC", "NFD"):
            assert clean(unicodedata.normalize(form, words)) == unicodedata.normalize("NFC", words)


def test_the_longest_list_is_counted_before_anything_in_it_is_read(answer_with: Callable[[int], bytes]) -> None:
    from patient_partner_mentor.reflections import read_answer

    read_answer(json.loads(answer_with(LONGEST_PAST)))
    with pytest.raises(RecordError, match="overtaken"):
        read_answer(json.loads(answer_with(52_000)))


@pytest.fixture
def answer_with() -> Callable[[int], bytes]:
    """An answer with so many earlier texts."""

    def made(count: int) -> bytes:
        past = {"text": "a", "time": None, "revision": {"count": 1, "writer": "w"}, "prompt": ""}
        head = {"schema_version": 1, "course": "c", "module": "m", "step": "s", "module_version": 1, "prompt": "p", "prompt_hash": "0" * 16}
        rest = {"text": "words", "status": "written", "language": "en", "revision": {"count": 2, "writer": "w"}}
        return json.dumps(head | rest | {"overtaken": [past] * count}).encode()

    return made
