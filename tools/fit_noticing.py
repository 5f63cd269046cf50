"""Fit the weights of the noticing lists, by hand and offline: the patterns are people's, only their weights are fitted.

    python -m venv /tmp/nlp && /tmp/nlp/bin/pip install numpy scipy pydantic
    PYTHONPATH=src /tmp/nlp/bin/python tools/fit_noticing.py ../shared/data/cered/en-train.tsv [--write]

A logistic regression over the groups of ``credit/noticing/en.json``, on the part of the training file that
``corpus.split`` leaves for fitting; no other file is opened. Weights stay between the bounds below and have one decimal.
The threshold is where kappa is best over five folds. ``next`` and ``resource`` keep the weights that they were given by
hand: the corpus has 95 intentions and no resources.

The lower bound and the groups marked ``fixed`` are a choice against the corpus. There a sentence has one label, so that a
feeling speaks against "happened", and what others did counts for nothing; a learner's sentence often says both, or tells
of a family. Both choices together cost about 0.02 of kappa.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from patient_partner_mentor.credit.corpus import Sentence, folds, read, split
from patient_partner_mentor.credit.lists import ELEMENTS, Element, WordLists, compile_lists
from patient_partner_mentor.credit.noticing import groups_found, sentences_of, windows

FITTED: tuple[Element, ...] = ("happened", "meant")
BOUNDS = (-0.7, 1.5)
PENALTY = 3.0  # of the square of the weights (ridge)
LISTS = Path(__file__).parent.parent / "src/patient_partner_mentor/credit/noticing/en.json"
TRIED = np.arange(-3, 2, 0.05)


def features(sentences: list[Sentence], lists: WordLists) -> np.ndarray:
    """A row a sentence, a column a group of any element: 1 where the group is found."""
    compiled = compile_lists(lists)
    found = np.zeros((len(sentences), len(compiled.groups)))
    for row, sentence in enumerate(sentences):
        for window in windows(sentences_of(sentence.text), lists.window):
            found[row, sorted(groups_found(window, compiled))] = 1
    return found


def fit(found: np.ndarray, wanted: np.ndarray, bounds: list[tuple[float, float]]) -> tuple[np.ndarray, float]:
    """Weights within the bounds, and the intercept."""
    rows = len(found)
    with_one = np.c_[found, np.ones(rows)]
    sign = 2.0 * wanted - 1

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (with_one @ weights)
        slope = -(with_one.T @ (sign / (1 + np.exp(margin)))) + PENALTY * np.r_[weights[:-1], 0]
        return np.logaddexp(0, -margin).sum() + PENALTY / 2 * (weights[:-1] ** 2).sum(), slope

    best = minimize(loss, np.array([sum(b) / 2 for b in bounds] + [0.0]), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x
    return best[:-1], best[-1]


def kappa(wanted: np.ndarray, found: np.ndarray) -> float:
    """Cohen's kappa of two rows of yes and no."""
    agreed, chance = (wanted == found).mean(), wanted.mean() * found.mean() + (1 - wanted.mean()) * (1 - found.mean())
    return (agreed - chance) / (1 - chance)


def fit_element(found: np.ndarray, wanted: np.ndarray, bounds: list[tuple[float, float]], parts: list[list[int]]) -> tuple[list[float], float, float]:
    """Rounded weights, the threshold, and the kappa over the folds at it."""
    held = np.zeros(len(wanted))
    for part in parts:
        rest = np.setdiff1d(np.arange(len(wanted)), part)
        weights, intercept = fit(found[rest], wanted[rest], bounds)
        held[part] = found[part] @ weights + intercept
    reached, cut = max((kappa(wanted, held >= tried), tried) for tried in TRIED)
    weights, intercept = fit(found, wanted, bounds)
    return [round(float(weight), 1) + 0.0 for weight in weights], round(float(cut - intercept), 1), reached


def written(text: str, element: str, weights: list[float], threshold: float) -> str:
    """The file's text with the weights of one element in place; everything else stays as people wrote it."""
    start = text.index(f'"{element}": {{\n')
    ends = [at for name in ELEMENTS if (at := text.find(f'"{name}": {{\n', start + 1)) > 0]
    part = text[start : min(ends, default=len(text))]
    new = iter(weights)
    changed = re.sub(r'"threshold": [-\d.]+', f'"threshold": {threshold}', part, count=1)
    changed = re.sub(r'"weight": [-\d.]+', lambda _: f'"weight": {next(new)}', changed)
    return text.replace(part, changed)


def main() -> None:
    """Fit, say what was reached, and write the lists if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="en-train.tsv")
    parser.add_argument("--write", action="store_true", help="write the weights into noticing/en.json")
    args = parser.parse_args()
    text = LISTS.read_text("utf-8")
    lists = WordLists.model_validate_json(text)
    sentences, _ = split(read(args.data))
    found, parts = features(sentences, lists), folds(sentences)
    columns = [(element, group.name) for element, listed in lists.elements.items() for group in listed.groups]
    for element in FITTED:
        mine = [place for place, (name, _) in enumerate(columns) if name == element]
        wanted = np.array([float(one.element == element) for one in sentences])
        bounds = [(group.weight, group.weight) if group.fixed else BOUNDS for group in lists.elements[element].groups]
        weights, threshold, reached = fit_element(found[:, mine], wanted, bounds, parts)
        print(f"{element}: kappa {reached:.2f} over {len(parts)} folds of n={len(sentences)}, threshold {threshold}")
        for place, weight in zip(mine, weights, strict=True):
            print(f"  {weight:5.1f}  {columns[place][1]} (in {int(found[:, place].sum())})")
        text = written(text, element, weights, threshold)
    if args.write:
        LISTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
