"""What the check costs: credit and noticing of one answer, in Python and in a browser four times slower."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

from patient_partner_mentor.credit.check import check
from patient_partner_mentor.credit.noticing import notice
from patient_partner_mentor.form import bundle

from .browser import chromium

ANSWER = (
    "Last week I asked my neighbor to drive me to the clinic, and I was surprised how glad she was. I had thought that I was a burden. "
    "It meant a lot to me, because asking has been the hardest part of all this. Next time I will ask sooner, and say what I need. "
)
PROMPT = "Think of a task that is part of your week because of illness or care. What do you know, or who do you know, that helps you get it done?"
ROUNDS = 200
PYTHON_MOST, BROWSER_MOST = 2.0, 10.0  # ms a step: the targets
SLOWER = 4

PARTS = [("record.js", bundle.HERE), ("rules.js", bundle.CREDIT), ("credit.js", bundle.CREDIT), ("noticing.js", bundle.CREDIT), ("word_lists.js", bundle.CREDIT)]
MEASURE = """([text, prompt, rounds]) => {
    const { check, notice, WORD_LISTS } = window.ppm, times = [];
    notice("", "en", [], WORD_LISTS);
    for (let i = 0; i < rounds; i++) {
        const start = performance.now();
        check(text, { status: "written", language: "en", prompt, earlier: [text.slice(40), prompt] });
        notice(text, "en", ["skills"], WORD_LISTS);
        times.push(performance.now() - start);
    }
    return times;
}"""


@dataclass(frozen=True)
class Cost:
    """The median of one side in milliseconds, and what it may be."""

    where: str
    found: float
    most: float


def measure(program: str) -> list[Cost]:
    """Both sides, on one answer of about 70 words with two earlier ones."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        check(ANSWER, prompt=PROMPT, earlier=[ANSWER[40:], PROMPT])
        notice(ANSWER, "en", ["skills"])
        times.append((time.perf_counter() - start) * 1000)
    with chromium(program) as browser:
        page = browser.new_page()
        page.evaluate(bundle.classic_script(PARTS))
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        slow = page.evaluate(MEASURE, [ANSWER, PROMPT, ROUNDS])
    return [
        Cost("Python", median(times), PYTHON_MOST),
        Cost(f"the browser, CPU {SLOWER}x slower", median(slow), BROWSER_MOST),
    ]


def report(costs: list[Cost]) -> str:
    """A line for each side."""
    head = f"The check of one answer of {len(ANSWER.split())} words, credit and noticing, median of {ROUNDS}:"
    return "\n".join([head, *(f"{'PASS' if c.found <= c.most else 'MISS'}  {c.where}: {c.found:.2f} ms (target <= {c.most:.0f} ms)" for c in costs)])
