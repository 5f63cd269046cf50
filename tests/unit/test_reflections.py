"""The record: the vectors that Python and the browser share, its laws, and that no error gives words away."""

from __future__ import annotations

import itertools
import json
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patient_partner_mentor import reflections as r
from patient_partner_mentor.errors import NewerRecordError, RecordError

VECTORS = json.loads((Path(__file__).parent.parent / "data/record_vectors.json").read_text("ascii"))
LAW = settings(derandomize=True, max_examples=200, deadline=None)
SECRET = "canary-4711"


def expand(value: Any) -> Any:
    """The vectors' short forms written out."""
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, given_) = next(iter(value.items()))
        if name == "repeat":
            return given_[0] * given_[1]
        if name == "past":
            text, count, writer = given_
            revision = {"count": count, "writer": writer}
            return {"text": text, "time": None, "revision": revision, "prompt": VECTORS["answer"]["prompt"]}
        if name == "pasts":
            return [expand({"past": [f"text {i}", i, "w"]}) for i in range(given_[0], given_[1] + 1)]
    return {name: expand(item) for name, item in value.items()}


def answer_data(patch: dict, without: Sequence[str] = ()) -> dict:
    """The answer of the vectors with some fields changed."""
    return {k: v for k, v in (VECTORS["answer"] | expand(patch)).items() if k not in without}


def an_answer(patch: dict | None) -> r.Answer | None:
    """The same as a record, taken as it stands."""
    if patch is None:
        return None
    data = answer_data(patch)
    fixed = {"revision": r.Revision(**data["revision"]), "overtaken": pasts(data["overtaken"])}
    return r.Answer.model_construct(**data | fixed)


def pasts(items: Any) -> tuple[r.Overtaken, ...]:
    """Earlier texts, taken as they stand."""
    return tuple(r.Overtaken.model_construct(**i | {"revision": r.Revision(**i["revision"])}) for i in expand(items))


def plain(found: Any) -> Any:
    """What a function gave, as JSON would hold it."""
    if isinstance(found, tuple | list):
        return [plain(item) for item in found]
    return found.model_dump(mode="json") if hasattr(found, "model_dump") else found


def same(found: Any, want: Any) -> bool:
    """Whether it is the same as JSON, in which true is not 1."""
    return json.dumps(plain(found), sort_keys=True) == json.dumps(want, sort_keys=True)


def question(patch: dict) -> r.Question:
    """The question of the vectors with some fields changed."""
    return r.Question(**VECTORS["question"] | patch)


RUN = {
    "clean": lambda c: r.clean(expand(c["text"])),
    "blank": lambda c: r.blank(c["text"]),
    "compare": lambda c: r.compare(r.Revision(**c["a"]), r.Revision(**c["b"])),
    "fresh": lambda c: r.fresh(question(c["question"]), c["writer"]),
    "change": lambda c: r.change(
        an_answer(c["answer"]), expand(c["patch"]), question(c["question"]), c["writer"], c["time"]
    ),
    "gather": lambda c: r.gather(*(pasts(items) for items in c["lists"])),
    "merge": lambda c: r.merge(an_answer(c["a"]), an_answer(c["b"])),
    "settle": lambda c: r.settle(
        an_answer(c["stored"]), an_answer(c["draft"]), c["seen"] and r.Revision(**c["seen"])
    ),
    "joinParts": lambda c: r.join_parts(c["labels"], c["values"]),
    "splitParts": lambda c: r.split_parts(c["labels"], c["text"]),
}
MADE_OF_ANSWERS = ("fresh", "change", "merge", "settle", "readAnswer")
CASES = [pytest.param(name, case, id=f"{name}: {case['name']}") for name in RUN for case in VECTORS[name]]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_the_vectors_hold(name, case):
    want = answer_data(case["want"]) if name in MADE_OF_ANSWERS else expand(case["want"])
    assert same(RUN[name](case), want)
    if name == "merge":
        assert same(RUN[name](case | {"a": case["b"], "b": case["a"]}), want)


@pytest.mark.parametrize("case", VECTORS["readAnswer"], ids=lambda case: case["name"])
def test_the_vectors_of_reading_hold(case):
    data = expand(case["data"]) if "data" in case else answer_data(case["answer"], case["without"])
    if "error" not in case:
        assert same(r.read_answer(data), answer_data(case["want"]))
        return
    with pytest.raises(RecordError) as caught:
        r.read_answer(data)
    assert isinstance(caught.value, NewerRecordError) == (case["error"] == "newer record")


def test_every_function_of_the_record_has_vectors():
    assert set(VECTORS) == {*RUN, "readAnswer", "about", "question", "answer"}
    assert all(len(VECTORS[name]) > 1 for name in RUN if name != "fresh")


# Laws. A revision stands for one version: here what an answer says follows from its revision, as it does for learners.

WORDS = [f"words {i}" for i in range(12)] + ["", " \ufeff"]
REVISIONS = [r.Revision(count=count, writer=writer) for count in range(1, 7) for writer in "abc"]


@st.composite
def versions(draw, count: int, words: list[str] = WORDS):
    """Versions of one answer by several writers, each with some of the texts that came before it."""
    said = dict(zip(REVISIONS, draw(st.lists(st.sampled_from(words), min_size=18, max_size=18)), strict=True))
    status = dict(zip(REVISIONS, draw(st.lists(st.sampled_from(["open", "skipped"]), min_size=18, max_size=18)), strict=True))

    def version(one: r.Revision) -> dict:
        return {"text": said[one], "status": status[one], "revision": one.model_dump()}

    found = []
    for revision in draw(st.lists(st.sampled_from(REVISIONS), min_size=count, max_size=count)):
        earlier = [one for one in REVISIONS if r.compare(one, revision) < 0 and said[one] != said[revision]]
        kept = draw(st.lists(st.sampled_from(earlier), max_size=8)) if earlier else []
        past = [r.past(an_answer(version(one))).model_dump() for one in kept]
        found.append(r.read_answer(answer_data(version(revision)) | {"overtaken": past}))
    return found


def texts(*answers: r.Answer) -> set[str]:
    """Every text that answers hold and that is not blank."""
    every = itertools.chain.from_iterable((one.text, *(item.text for item in one.overtaken)) for one in answers)
    return {text for text in every if not r.blank(text)}


@LAW
@given(versions(2))
def test_merge_knows_no_order(pair):
    a, b = pair
    assert r.merge(a, b).model_dump() == r.merge(b, a).model_dump()


@LAW
@given(versions(1))
def test_merge_with_itself_changes_nothing(one):
    assert r.merge(one[0], one[0]) == one[0]


@LAW
@given(versions(2))
def test_merge_again_changes_nothing(pair):
    a, b = pair
    once = r.merge(a, b)
    assert r.merge(once, b) == r.merge(once, a) == once


@LAW
@given(versions(3))
def test_merge_may_start_anywhere(three):
    a, b, c = three
    assert r.merge(r.merge(a, b), c) == r.merge(a, r.merge(b, c))


@LAW
@given(versions(2))
def test_merge_loses_no_text_and_the_newest_wins(pair):
    both = r.merge(*pair)
    newest = max(pair, key=lambda one: (one.revision.count, one.revision.writer))
    assert texts(both) == texts(*pair)
    assert both.model_copy(update={"overtaken": ()}) == newest.model_copy(update={"overtaken": ()})


@LAW
@given(versions(2), st.sampled_from("xyz"))
def test_settle_keeps_what_an_unknown_writer_stored(pair, writer):
    stored, draft = pair
    draft = draft.model_copy(update={"revision": r.Revision(count=draft.revision.count, writer=writer)})
    kept = r.settle(stored, draft)
    assert (kept.text, kept.status) == (draft.text, draft.status)
    assert texts(kept) == texts(stored, draft)
    assert r.compare(kept.revision, stored.revision) > 0


@LAW
@given(versions(2))
def test_settle_never_goes_back_and_keeps_earlier_texts(pair):
    stored, draft = pair
    kept = r.settle(stored, draft, stored.revision)
    assert kept.text == draft.text
    assert kept.revision.count >= stored.revision.count
    assert {item.text for item in (*stored.overtaken, *draft.overtaken)} <= {*texts(kept), draft.text}
    assert r.settle(kept, kept) == kept


ANY_TEXT = st.text(st.characters(), max_size=60) | st.text("a\u0301\ud83d\ude00 \n\u0958", max_size=60)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.just(10**400) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@LAW
@given(ANY_TEXT)
def test_clean_is_done_once(text):
    once = r.clean(text)
    assert r.clean(once) == once
    once.encode("utf-8")


@LAW
@given(st.sampled_from([*VECTORS["answer"], "a", "__proto__"]), JUNK)
def test_reading_junk_gives_an_answer_or_our_error(name, junk):
    for data in (junk, VECTORS["answer"] | {name: junk}):
        try:
            found = r.read_answer(data)
        except RecordError:
            continue
        assert r.read_answer(json.loads(json.dumps(plain(found)))) == found


@LAW
@given(st.lists(st.tuples(st.sampled_from(["A", "B b", "\u6211"]), ANY_TEXT), min_size=1, max_size=3, unique_by=lambda p: p[0]))
def test_parts_come_back_or_the_whole_text_does(parts):
    labels, values = [label for label, _ in parts], [value for _, value in parts]
    text = r.join_parts(labels, values)
    back = r.split_parts(labels, text)
    assert back is None or r.join_parts(labels, back) == text
    if not any(f"{label}\n" in value for label in labels for value in values):
        assert back == (values if text else [""] * len(labels))


# Journals


def journal_data(**fields: Any) -> dict:
    """A journal of the vectors' module."""
    base = {name: VECTORS["answer"][name] for name in ("schema_version", "course", "module", "module_version")}
    return base | {"answers": [answer_data({})], "next_step": answer_data({"step": "next-step"})} | fields


def test_a_journal_is_the_same_after_a_round_trip():
    read = r.read_journal(journal_data(mood="blue"))
    assert plain(read) == journal_data()
    assert r.read_journal(json.loads(read.model_dump_json())) == read
    assert read.answer("my-skills") == read.answers[0] and read.answer("next-step") == read.next_step
    assert read.answer("my-worth") is None


def test_a_journal_has_each_step_once_and_in_order():
    two = [answer_data({"step": "b"}), answer_data({"step": "a", "text": "old"}), answer_data({"step": "next-step"})]
    newer = answer_data({"step": "a", "text": "new", "revision": {"count": 9, "writer": "z"}})
    read = r.read_journal(journal_data(answers=[*two, newer], next_step=None))
    assert [one.step for one in read.answers] == ["a", "b"]
    assert read.answers[0].text == "new" and [item.text for item in read.answers[0].overtaken] == ["old"]
    assert read.next_step and read.next_step.step == "next-step"


def test_an_empty_journal_can_be_read():
    read = r.read_journal(journal_data(answers=None, next_step=None))
    assert read.answers == () and read.next_step is None


def test_what_is_written_fits_the_published_schema():
    checker = jsonschema.Draft202012Validator(r.journal_schema())
    good = [case for case in VECTORS["readAnswer"] if "error" not in case]
    for case in good:
        read = r.read_answer(answer_data(case["answer"], case["without"]))
        checker.validate(plain(r.assemble(r.read_journal(journal_data()), [read])))
    for wrong in ({"schema_version": 2}, {"module": "a b"}, {"answers": [answer_data({"status": "sung"})]}, {"next_step": {}}):
        assert not checker.is_valid(journal_data(**wrong)), wrong


def broken_journals() -> dict[str, Any]:
    """Journals that cannot be read, each with a text in it that no error may show."""
    words = answer_data({"text": SECRET, "prompt": SECRET})
    return {
        "no mapping": [words],
        "no module": {k: v for k, v in journal_data(answers=[words]).items() if k != "module"},
        "answers are no list": journal_data(answers={"my-skills": words}),
        "an answer is a text": journal_data(answers=[SECRET]),
        "an answer is broken": journal_data(answers=[words | {"revision": SECRET}]),
        "an answer is null": journal_data(answers=[words, None]),
        "an earlier text is broken": journal_data(answers=[words | {"overtaken": [{"text": SECRET}]}]),
        "of another module": journal_data(answers=[words | {"module": "evaluate"}]),
        "of another course": journal_data(next_step=words | {"course": "another"}),
        "too many": journal_data(answers=[words] * (r.ANSWERS + 1)),
        "newer": journal_data(schema_version=2, answers=[words]),
        "newer inside": journal_data(answers=[words | {"schema_version": 2}]),
        "text in a field of numbers": journal_data(answers=[words | {"module_version": SECRET}]),
    }


@pytest.mark.parametrize("name", broken_journals())
def test_a_broken_journal_is_refused_and_its_words_stay_hidden(name):
    with pytest.raises(RecordError) as caught:
        r.read_journal(broken_journals()[name])
    error = caught.value
    assert isinstance(error, NewerRecordError) == name.startswith("newer")
    assert SECRET not in str(error) and SECRET not in "".join(traceback.format_exception(error))
    assert error.__context__ is None and error.__cause__ is None
    assert "Nothing was changed." in str(error)


def test_an_error_names_the_field():
    with pytest.raises(RecordError, match=r"answers\.0\.overtaken\.0\.revision\.writer"):
        r.read_journal(journal_data(answers=[answer_data({"overtaken": [{"text": "x", "prompt": "p", "revision": {"count": 1}}]})]))


def test_a_newer_record_is_refused_with_both_versions():
    with pytest.raises(NewerRecordError) as caught:
        r.read_answer({"schema_version": 7})
    assert (caught.value.found, caught.value.known) == (7, r.SCHEMA_VERSION)


def test_no_words_stand_in_what_a_log_would_print():
    read = r.read_journal(journal_data(answers=[answer_data({"text": SECRET, "overtaken": [{"past": [SECRET + "!", 1, "a"]}]})]))
    assert SECRET not in repr(read) and SECRET not in str(read)
    assert SECRET not in repr(read.answers[0].overtaken)


@LAW
@given(versions(3), st.lists(st.sampled_from(["a", "b", "next-step"]), min_size=3, max_size=3), st.integers(1, 3))
def test_merging_journals_is_merging_answers(three, steps, version):
    placed = [one.model_copy(update={"step": step}) for one, step in zip(three, steps, strict=True)]
    empty = r.read_journal(journal_data(answers=[], next_step=None))
    a, b, c = (r.assemble(empty, [one]) for one in placed)
    b = b.model_copy(update={"module_version": version})
    assert r.merge_journals(a, b) == r.merge_journals(b, a)
    assert r.merge_journals(a, a) == a
    whole = r.merge_journals(r.merge_journals(a, b), c)
    assert whole == r.merge_journals(a, r.merge_journals(b, c)) and whole.module_version == version
    for step in steps:
        assert texts(whole.answer(step)) == texts(*(one for one in placed if one.step == step))


def test_journals_of_two_modules_are_not_merged():
    one, other = r.read_journal(journal_data()), r.read_journal(journal_data(module="evaluate", answers=[], next_step=None))
    with pytest.raises(RecordError, match="two modules"):
        r.merge_journals(one, other)
    with pytest.raises(RecordError, match="two modules"):
        r.merge_journals(other, other.model_copy(update={"course": "another"}))


def test_records_cannot_be_changed_in_place():
    read = r.read_answer(VECTORS["answer"])
    with pytest.raises(ValueError, match="frozen"):
        read.text = "x"
    assert hash(read.revision) == hash(r.Revision(count=3, writer="a"))
