"""What the check does on sentences that people wrote: a table of figures from CEReD, which is read where it lies.

    python -m patient_partner_mentor.credit.evaluate ../shared/data/cered

The sentences are student teachers', translated from Czech; they are no patients'. The figures of credit say how often a
real reflection is not found done; those of noticing how far the word lists agree with people's labels.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from .check import check
from .corpus import SEED, Sentence, read, split
from .language import UNKNOWN, find
from .lists import Element
from .noticing import notice
from .simulate import dictated, learner_dictated, learner_english
from .figures import Figure, kappa, share

TRAIN, CHECKED, CZECH = "en-train.tsv", "en-val.tsv", "cs-val.tsv"
ANSWERS = 5000  # made-up answers of two sentences
STEPS = 5  # of a module: each answer stands after four others
PROMPT = "Think of a time when somebody listened to you. What happened, and what did it mean to you?"
Style = Callable[[str, random.Random], str]
STYLES: dict[str, Style] = {
    "as written": lambda text, chance: text,
    "learner English": learner_english,
    "dictated": dictated,
    "both": learner_dictated,
}
ABSENT = (
    "There are no figures: {folder} does not hold {missing}. The corpus is not part of this project. "
    "Get CEReD (EduMUNI/reflection-classification) and name the folder that holds its files."
)
HEAD = """\
The reflection check on CEReD (EduMUNI/reflection-classification, Apache-2.0).
These are sentences of student teachers' diaries, translated from Czech. They are not patients' words, and
no figure here says how the check does on those. Squared brackets hold 95 % intervals.
"""
CREDIT_HEAD = f"""
1. Credit: genuine reflections that are not found done, as long as the learner has not answered the question
Each row: validation sentences with any label but Other. Two sentences: {ANSWERS} answers, each of two different ones
drawn with the seed {SEED} and joined by a space; it is the last of {STEPS} steps, after four answers from eight others.
The answers share sentences, so that the true interval is wider than Wilson's. One sentence: each of them once.
Needed: two sentences as written at most 0.5 % open or begun; every other row at most 1 %, "begun" of one sentence apart.
"""
NOTICING_HEAD = """
2. Noticing: the word lists against the label of each single sentence
happened: Experience. meant: Feeling, Reflection, Belief, Difficulty, Perspective, Learning. next: Intention. A sentence has
one label there, and may hold more. Target: kappa 0.45 for happened and meant. Patterns were written and weights
fitted with four fifths of the training file; "kept out" is the other fifth, "validation" a file that nothing was tuned on.
"""


def evaluate(folder: Path) -> str:
    """The table, or a sentence that says what is missing."""
    missing = [name for name in (TRAIN, CHECKED, CZECH) if not (folder / name).is_file()]
    if missing:
        return ABSENT.format(folder=folder, missing=" and ".join(missing))
    checked, czech = read(folder / CHECKED), read(folder / CZECH)
    _, kept = split(read(folder / TRAIN))
    parts = [HEAD, CREDIT_HEAD, _table(("text", "n", "open", "begun", "open or begun"), credit_rows(checked, czech))]
    parts += [NOTICING_HEAD, _table(_NOTICING, noticing_rows(checked, kept)), "\n" + _resource(checked)]
    return "".join(parts)


def credit_rows(checked: Sequence[Sentence], czech: Sequence[Sentence]) -> Iterator[tuple[str, ...]]:
    """How answers of one and of two sentences are credited, a row a style and language."""
    english, other = ([one.text for one in rows if one.genuine] for rows in (checked, czech))
    for count, name in ((2, "two sentences"), (1, "one sentence")):
        for style, change in STYLES.items():
            yield _credited(f"{name}, {style}", _answers(english, count, change), lambda text: "en")
        yield _credited(f"{name}, Czech, language given", _answers(other, count, STYLES["as written"]), lambda text: "cs")
        if find(PROMPT) == UNKNOWN:
            yield (f"{name}, Czech, language found", "-", "py3langid is not installed", "", "")
        else:
            yield _credited(f"{name}, Czech, language found", _answers(other, count, STYLES["as written"]), find)


def _answers(texts: Sequence[str], count: int, change: Style) -> Iterator[tuple[str, list[str]]]:
    """Answers of so many sentences, each with its earlier ones. Too few sentences: none."""
    chance = random.Random(SEED)
    need = count * STEPS
    if len(texts) < need:
        return
    for number in range(ANSWERS if count > 1 else len(texts)):
        drawn = chance.sample(texts, need)
        if count == 1:
            drawn[-1] = texts[number]
            drawn[:-1] = [text for text in drawn[:-1] if text != texts[number]]
        changed = [change(text, chance) for text in drawn]
        joined = [" ".join(changed[at : at + count]) for at in range(0, len(changed), count)]
        yield joined[-1], joined[:-1]


def _credited(name: str, answers: Iterator[tuple[str, list[str]]], language: Callable[[str], str]) -> tuple[str, ...]:
    states = Counter(check(text, prompt=PROMPT, earlier=earlier, language=language(text)).state for text, earlier in answers)
    n, shown = states.total(), partial(_percent, digits=2)
    return (
        name,
        str(n),
        *(shown(share(count, n)) for count in (states["open"], states["begun"], states["open"] + states["begun"])),
    )


_NOTICING = ("sentences, element", "n", "labelled", "found", "precision", "recall", "kappa")


def noticing_rows(checked: Sequence[Sentence], kept: Sequence[Sentence]) -> Iterator[tuple[str, ...]]:
    """How far noticing agrees with the labels, a row a file, style and element."""
    for name, rows in (("validation", checked), ("kept out", kept)):
        for element in ("happened", "meant", "next"):
            yield _noticed(f"{name}, {element}", rows, element, STYLES["as written"])
    for style in list(STYLES)[1:]:
        for element in ("happened", "meant"):
            yield _noticed(f"kept out, {style}, {element}", kept, element, STYLES[style])


def _noticed(name: str, rows: Sequence[Sentence], element: Element, change: Style) -> tuple[str, ...]:
    chance = random.Random(SEED)
    pairs = [(row.element == element, element in notice(change(row.text, chance), "en")) for row in rows]
    both, labelled, found = pairs.count((True, True)), sum(a for a, _ in pairs), sum(b for _, b in pairs)
    agreed = kappa(pairs, SEED)
    return (
        name,
        str(len(pairs)),
        _plain(share(labelled, len(pairs))),
        _plain(share(found, len(pairs))),
        _percent(share(both, found)),
        _percent(share(both, labelled)),
        f"{agreed.value:.2f} [{agreed.low:.2f}, {agreed.high:.2f}]",
    )


def _resource(rows: Sequence[Sentence]) -> str:
    found = sum("resource" in notice(row.text, "en") for row in rows)
    return (
        f"resource: no label says it, and these sentences are about no resource of ours. "
        f"Without key words it is found in {_percent(share(found, len(rows)))} of the {len(rows)} validation sentences.\n"
    )


def _plain(figure: Figure) -> str:
    return f"{100 * figure.value:.1f} %"


def _percent(figure: Figure, digits: int = 0) -> str:
    value, low, high = (f"{100 * number:.{digits}f}" for number in (figure.value, figure.low, figure.high))
    return f"{value} % [{low}, {high}]"


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [tuple(head), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines)


if __name__ == "__main__":
    print(evaluate(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/cered")), end="")
