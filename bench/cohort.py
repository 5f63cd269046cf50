"""What a cohort's learner costs: 500 who write and save on the course service, beside stock JupyterLab servers, in one run.

Both stand behind the same Hub and proxy. A learner pauses every few seconds, and each pause is one save: of an answer
here, of a notebook there. The driver shares the machine's processors with what it measures.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from patient_partner_mentor import COURSE_ID
from patient_partner_mentor.curriculum import Module, load_course
from patient_partner_mentor.reflections import Question, change, fresh
from tests.hub_running import COURSE, Hub, running_hub

LEARNERS, STOCK = 500, 4
SECONDS, PAUSE = 30, 5.0  # how long they write, and how long one writes between two saves
MEMORY_RATIO, SHARE_IN_TIME, IN_TIME = 100, 0.95, 1.0  # the targets
SENTENCE = "Last week I asked my neighbor to drive me to the clinic, and I was surprised how glad she was. "
CONFIG = """
c.Spawner.cmd = ["jupyterhub-singleuser", "--allow-root"]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120
c.SimpleLocalProcessSpawner.home_dir_template = {home!r} + "/{{username}}"
"""


@dataclass
class Cost:
    """What one kind of learner took."""

    learners: int
    memory: int = 0  # bytes of all processes, shared pages counted in parts
    processor: float = 0.0  # seconds of all processes, while they wrote
    waits: list[float] = field(default_factory=list)  # seconds from sending a save to its acknowledgement
    refused: int = 0

    @property
    def memory_each(self) -> float:
        """MB a learner."""
        return self.memory / self.learners / 1e6

    @property
    def processor_each(self) -> float:
        """Milliseconds of processor time a learner and minute."""
        return 1000 * self.processor / self.learners * 60 / SECONDS

    @property
    def in_time(self) -> float:
        """The share of saves that were acknowledged in time; a refused one never is."""
        return sum(wait <= IN_TIME for wait in self.waits) / max(1, len(self.waits) + self.refused)

    def wait(self, share: float) -> float:
        """The wait, in milliseconds, that this share of saves did not pass."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def measure(root: Path) -> tuple[Cost, Cost]:
    """Ours and stock, one after the other."""
    module = load_course(root).modules[0]
    with tempfile.TemporaryDirectory(prefix="bench-cohort-") as place:
        folder = Path(place)
        with running_hub(folder, more=CONFIG.format(home=str(folder / "homes"))) as hub:
            print(f"{LEARNERS} learners sign in ...", file=sys.stderr, flush=True)
            tokens = _people(hub, LEARNERS)
            assert hub.service
            ours = asyncio.run(_ours(hub, module, tokens, psutil.Process(hub.service.pid)))
            print(f"{STOCK} JupyterLab servers start ...", file=sys.stderr, flush=True)
            stock = _stock(hub, dict(list(tokens.items())[:STOCK]))
    return ours, stock


def report(ours: Cost, stock: Cost) -> str:
    """The table, and whether the targets were met."""
    rows = [
        ("learners who write", f"{ours.learners}", f"{stock.learners}"),
        ("memory a learner, MB", f"{ours.memory_each:.3f}", f"{stock.memory_each:.1f}"),
        ("processor a learner and minute, ms", f"{ours.processor_each:.0f}", f"{stock.processor_each:.0f}"),
        ("saves a second", f"{len(ours.waits) / SECONDS:.0f}", f"{len(stock.waits) / SECONDS:.1f}"),
        ("median wait of a save, ms", f"{ours.wait(0.5):.0f}", f"{stock.wait(0.5):.0f}"),
        ("95 % of saves within, ms", f"{ours.wait(0.95):.0f}", f"{stock.wait(0.95):.0f}"),
        ("saves refused", f"{ours.refused}", f"{stock.refused}"),
    ]
    head = f"A cohort's learner: {SECONDS} s of writing, a save about every {PAUSE:.0f} s, {os.cpu_count()} CPUs with the driver on them, SQLite with every save on disk."
    lines = [head, "", f"{'':<38} {'ours':>10} {'JupyterLab':>12}", *(f"{what:<38} {one:>10} {other:>12}" for what, one, other in rows), ""]
    return "\n".join([*lines, *(f"{'PASS' if met else 'MISS'}  {said}" for said, met in targets(ours, stock))])


def targets(ours: Cost, stock: Cost) -> list[tuple[str, bool]]:
    """What a run is held to."""
    ratio = stock.memory_each / ours.memory_each
    return [
        (f"memory a learner, JupyterLab / ours: {ratio:.0f}x (target >= {MEMORY_RATIO}x)", ratio >= MEMORY_RATIO),
        (f"saves acknowledged within {IN_TIME:.0f} s: {ours.in_time:.1%} (target >= {SHARE_IN_TIME:.0%})", ours.in_time >= SHARE_IN_TIME),
    ]


def _people(hub: Hub, count: int) -> dict[str, str]:
    names = [f"w{number}" for number in range(count)]
    hub.admin("POST", "users", {"usernames": names})
    hub.admin("POST", f"groups/nbgrader-{COURSE}/users", {"users": names})
    return {name: hub.token(name) for name in names}


async def _ours(hub: Hub, module: Module, tokens: dict[str, str], service: psutil.Process) -> Cost:
    cost = Cost(len(tokens))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def get(token: str, path: str) -> None:
            async with session.get(f"{hub.course_url}{COURSE}/{path}", headers={"Authorization": f"token {token}"}) as said:
                assert said.status == 200, (said.status, await said.text())
                await said.read()

        for token in tokens.values():  # everybody opens a page, and the Hub is asked once for each
            for path in ("book/welcome.html", "api/journal", "api/state"):
                await get(token, path)
        before = sum(service.cpu_times()[:2])
        await asyncio.gather(*(_writer(hub, session, module, token, cost, number) for number, token in enumerate(tokens.values())))
        cost.processor = sum(service.cpu_times()[:2]) - before
        cost.memory = _memory(service)
    return cost


async def _writer(hub: Hub, session: aiohttp.ClientSession, module: Module, token: str, cost: Cost, number: int) -> None:
    """One learner: writes a sentence, pauses, and the page saves."""
    chance, step = random.Random(number), module.steps[number % len(module.steps)]
    question = Question(course=COURSE_ID, module=module.id, step=step.id, module_version=module.version, prompt=step.prompt, prompt_hash=step.prompt_hash, language="en")
    answer, seen = fresh(question, f"w{number}"), None
    end = time.monotonic() + SECONDS
    await asyncio.sleep(chance.uniform(0, PAUSE))
    while time.monotonic() < end:
        answer = change(answer, {"text": answer.text + SENTENCE}, question, f"w{number}", "2026-11-24T10:00:00Z")
        body = {"answer": answer.model_dump(mode="json"), "seen": seen}
        kept = await _save(session, "PUT", f"{hub.course_url}{COURSE}/api/journal/{module.id}/{step.id}", token, body, cost)
        seen = kept and kept["answer"]["revision"]
        await asyncio.sleep(chance.uniform(0.5, 1.5) * PAUSE)


async def _save(session: aiohttp.ClientSession, method: str, address: str, token: str, body: Any, cost: Cost) -> Any:
    start = time.perf_counter()
    async with session.request(method, address, json=body, headers={"Authorization": f"token {token}"}) as said:
        data = await said.json()
    if said.status >= 400:
        cost.refused += 1
        return None
    cost.waits.append(time.perf_counter() - start)
    return data


def _stock(hub: Hub, tokens: dict[str, str]) -> Cost:
    """The same on stock servers, one a learner, each with a notebook and its kernel."""
    assert hub.hub
    whole = psutil.Process(hub.hub.pid)
    known = set(whole.children(recursive=True))
    for name, token in tokens.items():
        asyncio.run(_start(hub, name, token))
    processes = [one for one in whole.children(recursive=True) if one not in known]
    cost = Cost(len(tokens))
    before = sum(sum(one.cpu_times()[:2]) for one in processes)
    asyncio.run(_write_notebooks(hub, tokens, cost))
    cost.processor = sum(sum(one.cpu_times()[:2]) for one in processes if one.is_running()) - before
    cost.memory = sum(_memory(one, alone=True) for one in processes if one.is_running())
    for name, token in tokens.items():
        asyncio.run(_ask(hub, "DELETE", f"hub/api/users/{name}/server", token))
    return cost


async def _start(hub: Hub, name: str, token: str) -> None:
    await _ask(hub, "POST", f"hub/api/users/{name}/server", token)
    end = time.monotonic() + 120
    while not (await _ask(hub, "GET", f"hub/api/users/{name}", token))["servers"].get("", {}).get("ready"):
        if time.monotonic() > end:
            raise RuntimeError(f"The JupyterLab server of {name} did not start; see the Hub's log.")
        await asyncio.sleep(0.2)
    await _ask(hub, "POST", f"user/{name}/api/kernels", token, {"name": "python3"})


async def _write_notebooks(hub: Hub, tokens: dict[str, str], cost: Cost) -> None:
    async with aiohttp.ClientSession() as session:

        async def write(name: str, token: str, number: int) -> None:
            chance, words, end = random.Random(number), "", time.monotonic() + SECONDS
            while time.monotonic() < end:
                words += SENTENCE
                cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": words}
                body = {"type": "notebook", "format": "json", "content": {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}}
                await _save(session, "PUT", f"{hub.url}user/{name}/api/contents/answer.ipynb", token, body, cost)
                await asyncio.sleep(chance.uniform(0.5, 1.5) * PAUSE)

        await asyncio.gather(*(write(name, token, number) for number, (name, token) in enumerate(tokens.items())))


async def _ask(hub: Hub, method: str, path: str, token: str, body: Any = None) -> Any:
    async with aiohttp.ClientSession() as session, session.request(method, hub.url + path, json=body, headers={"Authorization": f"token {token}"}) as said:
        assert said.status < 400, (path, said.status, await said.text())
        return await said.json(content_type=None) if said.status == 200 else None


def _memory(process: psutil.Process, alone: bool = False) -> int:
    those = [process, *([] if alone else process.children(recursive=True))]
    return sum(one.memory_full_info().pss for one in those)


def main() -> int:
    """Run, print, and say by the exit code whether the targets were met."""
    ours, stock = measure(Path(__file__).parent.parent)
    print(report(ours, stock))
    return 0 if all(met for _, met in targets(ours, stock)) else 1


if __name__ == "__main__":
    sys.exit(main())
