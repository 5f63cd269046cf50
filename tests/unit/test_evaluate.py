"""The figures: on a tiny invented corpus, without one, and on the real one where it lies beside the project."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import pytest

from patient_partner_mentor.credit.corpus import folds, read, split
from patient_partner_mentor.credit.evaluate import CHECKED, CZECH, TRAIN, evaluate
from patient_partner_mentor.credit.figures import kappa, share
from patient_partner_mentor.credit.simulate import dictated, learner_english, unmarked
from patient_partner_mentor.errors import CourseError

HEAD = "idx\tcontext\tsentence\ty\tconfidence\ty_requires_context"
SAID = (
    ("I went to the harbor with number {} and he told me that the boat was gone.", "Experience"),
    ("I felt so happy about kite {} that I could not stop laughing at the sky.", "Feeling"),
    ("Next time I will bring kite {} to the harbor and ask for more wind.", "Intention"),
    ("Boat {} is blue and has two sails, a small flag and a wooden deck.", "Other"),
    ('What would have become of kite {}, ""the red one"", without all that wind?', "Reflection"),
)
CZECH_SAID = "Lo\u010f \u010d\u00edslo {} odplula do p\u0159\u00edstavu a my jsme na ni dlouho \u010dekali u vody."
REAL = Path(__file__).parent.parent.parent.parent / "shared/data/cered"


def a_corpus(folder: Path, count: int = 300) -> Path:
    rows = [(number, *SAID[number % len(SAID)]) for number in range(count)]
    lines = [f'{number}\tx\t"{text.format(number)}"\t{label}\t[5, 5]\t' for number, text, label in rows]
    for name in (TRAIN, CHECKED):
        (folder / name).write_text("\n".join([HEAD, *lines]) + "\n", "utf-8")
    lines = [f"{number}\tx\t{CZECH_SAID.format(number)}\tFeeling\t[5, 5]\t" for number in range(count)]
    (folder / CZECH).write_text("\n".join([HEAD, *lines]) + "\n", "utf-8")
    return folder


def rows_of(table: str) -> dict[str, list[str]]:
    """The cells of each row, by its name."""
    lines = [re.split(r"  +", line) for line in table.splitlines() if re.search(r"  +\d+  ", line)]
    return {line[0]: line[1:] for line in lines}


def test_the_figures_of_a_tiny_corpus(tmp_path):
    table = evaluate(a_corpus(tmp_path))
    rows = rows_of(table)
    n, *found = rows["two sentences, as written"]
    shares = [float(cell.split(" ")[0]) for cell in found]
    assert n == "5000" and shares[1] == 0 and shares[0] == shares[2] > 10  # four sentences again and again: repeats are asked about
    assert rows["one sentence, as written"][0] == "240"
    assert rows["two sentences, Czech, language given"] == ["5000", *["0.00 % [0.00, 0.08]"] * 3]
    assert rows["validation, happened"][:5] == ["300", "20.0 %", "20.0 %", "100 % [94, 100]", "100 % [94, 100]"]
    assert rows["validation, meant"][5] == "1.00 [1.00, 1.00]"
    assert "not patients" in table
    assert "harbor" not in table
    assert table == evaluate(tmp_path)


def test_too_few_sentences_give_no_figures_and_no_error(tmp_path):
    table = evaluate(a_corpus(tmp_path, count=5))
    assert rows_of(table)["two sentences, as written"][0] == "0"


def test_without_the_corpus_there_is_a_sentence(tmp_path):
    said = evaluate(tmp_path)
    assert said.startswith("There are no figures")
    assert TRAIN in said and "CEReD" in said


@pytest.mark.parametrize("content", ["", "idx\tsentence\n1\tcanary-4711", HEAD + "\ncanary-4711\tx\tcanary-4711\tOther", "\udcff"])
def test_a_file_that_is_none_of_the_corpus_is_refused_without_its_words(tmp_path, content):
    path = tmp_path / TRAIN
    path.write_text(content, "utf-8", errors="surrogateescape")
    if not content:
        assert read(path) == []
        return
    with pytest.raises(CourseError) as caught:
        read(path)
    assert "canary" not in str(caught.value) and caught.value.__cause__ is None


def test_what_is_kept_out_is_never_fitted_on(tmp_path):
    sentences = read(a_corpus(tmp_path, count=2000) / TRAIN)
    fitted, kept = split(sentences)
    assert len(fitted) + len(kept) == 2000 and len(kept) == 400
    assert not {one.number // 50 for one in fitted} & {one.number // 50 for one in kept}
    assert sorted(place for part in folds(fitted) for place in part) == list(range(len(fitted)))


def test_intervals_are_those_of_the_books():
    assert share(0, 100).high == pytest.approx(0.0370, abs=1e-4)
    assert (share(8, 10).low, share(8, 10).high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert math.isnan(share(0, 0).value) and math.isnan(kappa([], 1).value)
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    found = kappa(pairs, 1)
    assert found.value == pytest.approx(0.4)  # the worked example of https://en.wikipedia.org/wiki/Cohen's_kappa
    assert found.low < 0.4 < found.high
    assert found == kappa(pairs, 1)


def test_simulated_styles():
    text = "The nurse asked me what I needed, and I tried to explain."
    assert dictated(text, random.Random(1)).replace(" ", "").isalpha()
    changed = learner_english(text, random.Random(3))
    assert changed != text and learner_english(text, random.Random(3)) == changed
    words = "asked tried stopped realized noticed handled passed called added need went"
    assert [unmarked(word) for word in words.split()] == "ask try stop realize notice handle pass call add need go".split()


@pytest.mark.skipif(not (REAL / CHECKED).is_file(), reason="CEReD does not lie beside the project")
def test_the_needed_figure_holds_on_the_real_corpus():
    rows = rows_of(evaluate(REAL))
    n, *_, not_done = rows["two sentences, as written"]
    assert int(n) >= 2000
    assert float(not_done.split(" ")[0]) <= 0.5
    for name in ("two sentences, learner English", "two sentences, dictated", "two sentences, both", "two sentences, Czech, language given"):
        assert float(rows[name][-1].split(" ")[0]) <= 1
