"""Figures with their 95 % intervals: shares (Wilson) and Cohen's kappa (bootstrap, seeded)."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959964  # of a 95 % interval
REPEATS = 1000


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval; not a number where there is nothing to divide by."""

    value: float
    low: float
    high: float


def share(hits: int, of: int) -> Figure:
    """A share with its Wilson interval (Wilson 1927; Brown, Cai and DasGupta 2001)."""
    if not of:
        return Figure(math.nan, math.nan, math.nan)
    p, grown = hits / of, 1 + Z * Z / of
    middle, half = (p + Z * Z / (2 * of)) / grown, Z / grown * math.sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))
    return Figure(p, max(0.0, middle - half), min(1.0, middle + half))


def kappa(pairs: Sequence[tuple[bool, bool]], seed: int) -> Figure:
    """Cohen's kappa of pairs of yes and no, with the 2.5th and 97.5th percentile of resampled pairs."""
    if not pairs:
        return Figure(math.nan, math.nan, math.nan)
    counted = Counter(pairs)
    cells, weights = list(counted), list(counted.values())
    chance = random.Random(seed)
    again = sorted(_kappa(Counter(chance.choices(cells, weights, k=len(pairs)))) for _ in range(REPEATS))
    return Figure(_kappa(counted), again[int(REPEATS * 0.025)], again[int(REPEATS * 0.975) - 1])


def _kappa(counted: Counter[tuple[bool, bool]]) -> float:
    n = counted.total()
    first = (counted[True, True] + counted[True, False]) / n
    second = (counted[True, True] + counted[False, True]) / n
    agreed = (counted[True, True] + counted[False, False]) / n
    by_chance = first * second + (1 - first) * (1 - second)
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
