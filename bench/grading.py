"""Grading beside stock nbgrader: the same hand-ins, in one run, with the gradebooks' rows compared.

Three ways: stock ``nbgrader autograde``, which executes the cells; the same command with the course's settings; and
``ppm grade``. Each runs on few hand-ins and on many, and the difference is what counts, so that the time which a command
takes to start (seconds, for nbgrader's imports) falls out for all three alike.
"""

from __future__ import annotations

import compileall
import os
import random
import re
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patient_partner_mentor.curriculum import Module, load_course
from tests.cohort_folder import STOCK, WORDS, command_from_cold, configured, copied, hand, handed_in, rows

FEW, MANY, CROWD = 2, 22, 1_022  # hand-ins; the crowd is for 'ppm grade' alone, which the many would not show at work
BATCH_RATIO, COMMAND_RATIO = 50, 5  # the targets
OTHERS = ({"status": "skipped"}, {"status": "other-way"}, {"status": "written"}, {"status": "open"}, "Only a few words")


@dataclass(frozen=True)
class Way:
    """How long one way took: on few and on more hand-ins, in seconds."""

    what: str
    few: float
    more: float
    count: int

    @property
    def each(self) -> float:
        """Seconds a hand-in, without the start."""
        return (self.more - self.few) / (self.count - FEW)


def answers(number: int) -> dict[int, Any]:
    """The answers of one of the learners: mostly written ones, and every other kind."""
    chance = random.Random(number)
    return {step: WORDS * chance.randint(1, 4) if chance.random() < 0.7 else chance.choice(OTHERS) for step in range(1, 6)}


def fill(folder: Path, module: Module, count: int) -> None:
    """Hand-ins of so many learners, the same at each call."""
    for number in range(count):
        hand(folder, f"learner{number:04}", module, handed_in(module, answers(number)))


def timed(folder: Path, module: Module, counts: tuple[int, int], what: str, grade: Callable[[Path], Any], settings: Callable[[Path], Any]) -> tuple[Way, dict[str, Any]]:
    """One way's times, and the gradebook's rows after the larger number."""
    took = []
    for count in counts:
        place = copied(folder, folder.with_name(f"{re.sub('[^a-z]+', '-', what)}-{count}"))
        settings(place)
        fill(place, module, count)
        print(f"{what}: {count} hand-ins ...", file=sys.stderr, flush=True)
        start = time.perf_counter()
        grade(place)
        took.append(time.perf_counter() - start)
    return Way(what, *took, counts[1]), rows(place)


def measure(root: Path) -> tuple[list[Way], list[str]]:
    """The three ways, and what differs between their gradebooks."""
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=os.cpu_count() or 1)
    module = load_course(root).modules[0]
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as place:
        made = configured(Path(place, "made"))
        command_from_cold(made, "ppm", "assignments", module.name)

        def stock_settings(folder: Path) -> None:
            (folder / "nbgrader_config.py").write_text(STOCK, "utf-8")

        def with_nbgrader(folder: Path) -> Any:
            return command_from_cold(folder, "nbgrader", "autograde", module.name)

        def with_ppm(folder: Path) -> Any:
            return command_from_cold(folder, "ppm", "grade", module.name)

        stock, theirs = timed(made, module, (FEW, MANY), "stock nbgrader", with_nbgrader, stock_settings)
        ours, mine = timed(made, module, (FEW, MANY), "nbgrader with our settings", with_nbgrader, lambda _: None)
        _, same = timed(made, module, (FEW, MANY), "ppm grade, for its rows", with_ppm, lambda _: None)
        crowd, _ = timed(made, module, (FEW, CROWD), "ppm grade", with_ppm, lambda _: None)
    different = [f"{kind} ({name})" for kind, found in theirs.items() for name, other in (("our settings", mine), ("ppm grade", same)) if other[kind] != found]
    graded = sum(row[3] is not None for row in theirs["grades"])
    print(f"{sum(map(len, theirs.values()))} rows of the gradebook compared, {graded} of them with credit.", file=sys.stderr)
    return [stock, ours, crowd], different


def report(ways: list[Way], different: list[str]) -> str:
    """The table, and whether the targets were met."""
    stock = ways[0]
    lines = [f"Grading hand-ins of five answers: ms each without the command's start, {os.cpu_count()} CPUs.", ""]
    lines.append(f"{'':<30} {'hand-ins':>9} {'whole command':>14} {'ms each':>9} {'a second':>9} {'of stock':>9}")
    for way in ways:
        lines.append(f"{way.what:<30} {way.count:>9} {way.more:>12.1f} s {1000 * way.each:>9.1f} {1 / way.each:>9.1f} {stock.each / way.each:>8.1f}x")
    lines += ["", *(f"{'PASS' if met else 'MISS'}  {said}" for said, met in targets(ways, different))]
    return "\n".join(lines)


def targets(ways: list[Way], different: list[str]) -> list[tuple[str, bool]]:
    """What a run is held to."""
    stock, ours, crowd = ways
    batch, with_settings = stock.each / crowd.each, stock.each / ours.each
    return [
        (f"hand-ins a second, ppm grade / stock: {batch:.0f}x (target >= {BATCH_RATIO}x)", batch >= BATCH_RATIO),
        (f"hand-ins a second, nbgrader's own command with our settings / stock: {with_settings:.1f}x (target >= {COMMAND_RATIO}x)", with_settings >= COMMAND_RATIO),
        (f"rows of the gradebook that differ from stock's: {', '.join(different) or 'none'}", not different),
    ]


def main() -> int:
    """Run, print, and say by the exit code whether the targets were met."""
    ways, different = measure(Path(__file__).parent.parent)
    print(report(ways, different))
    return 0 if all(met for _, met in targets(ways, different)) else 1


if __name__ == "__main__":
    sys.exit(main())
