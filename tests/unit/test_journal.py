"""The journal's files: whole or not at all, private, shared by several kernels, and never taken away for being damaged."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from patient_partner_mentor.errors import JournalError
from patient_partner_mentor.form.journal import JournalFolder
from patient_partner_mentor.form.keeper import Keeper
from patient_partner_mentor.reflections import Answer, Revision, read_answer

CANARY = "canary-4711-do-not-leak"


def answer(text: str = "I keep a list.", count: int = 1, writer: str = "abc", step: str = "my-skills", module: str = "patient-partner") -> Answer:
    return read_answer(
        {
            "schema_version": 1,
            "course": "patient-partner-mentor",
            "module": module,
            "step": step,
            "module_version": 1,
            "prompt": "What do you know?",
            "prompt_hash": "0123456789abcdef",
            "text": text,
            "status": "written",
            "language": "en",
            "revision": {"count": count, "writer": writer},
            "time": "2026-11-24T10:00:00Z",
        }
    )


def kept(folder: Path, step: str = "my-skills", module: str = "patient-partner") -> Answer | None:
    journal, _ = JournalFolder(folder).read(module)
    return journal.answer(step) if journal else None


def test_an_answer_is_on_disk_with_nobody_elses_rights(tmp_path):
    folder = tmp_path / "data" / "journal"
    before = os.umask(0)
    try:
        JournalFolder(folder).save(answer())
    finally:
        os.umask(before)
    assert kept(folder).text == "I keep a list."
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_that_others_could_read_is_closed(tmp_path):
    tmp_path.chmod(0o755)
    JournalFolder(tmp_path).save(answer())
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_my_next_step_and_several_modules_have_their_places(tmp_path):
    folder = JournalFolder(tmp_path)
    folder.save(answer())
    folder.save(answer("One line.", step="next-step"))
    folder.save(answer("Two.", module="embrace-learnings"))
    assert [journal.module for journal in folder.all()] == ["embrace-learnings", "patient-partner"]
    journal, _ = folder.read("patient-partner")
    assert journal.next_step.text == "One line."
    assert [one.step for one in journal.answers] == ["my-skills"]


def test_what_another_kernel_wrote_stays_beside_it(tmp_path):
    one, two = JournalFolder(tmp_path), JournalFolder(tmp_path)
    first, _ = one.save(answer("From the first.", writer="aaa"))
    second, _ = two.save(answer("From the second.", writer="bbb"))
    assert second.text == "From the second."
    assert [past.text for past in second.overtaken] == ["From the first."]
    third, _ = one.save(answer("From the first, again.", count=9, writer="aaa"), first.revision)
    assert {past.text for past in third.overtaken} == {"From the first.", "From the second."}


def test_a_save_that_arrives_after_a_newer_one_changes_nothing(tmp_path):
    folder = JournalFolder(tmp_path)
    newest, _ = folder.save(answer("One two three.", count=7))
    again, _ = folder.save(answer("One two", count=5), Revision(count=4, writer="abc"))
    assert again == newest
    assert kept(tmp_path).text == "One two three."


DAMAGED = {
    "cut off": b'{"schema_version": 1, "course": "patient-par',
    "empty": b"",
    "not JSON": b"Dear diary",
    "not UTF-8": b"\xff\xfe\x00\x01",
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "another course": json.dumps({"schema_version": 1, "course": "cooking", "module": "patient-partner", "module_version": 1, "answers": []}).encode(),
    "another module": json.dumps({"schema_version": 1, "course": "patient-partner-mentor", "module": "evaluate", "module_version": 1, "answers": []}).encode(),
    "newer": json.dumps({"schema_version": 2, "course": "patient-partner-mentor", "module": "patient-partner", "module_version": 1, "words": CANARY}).encode(),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_moved_aside_and_said(tmp_path, kind):
    folder = JournalFolder(tmp_path)
    folder.save(answer("Elsewhere.", module="embrace-learnings"))
    (tmp_path / "patient-partner.json").write_bytes(DAMAGED[kind])
    keeper = Keeper(folder)
    said = keeper.reply({"kind": "load", "id": "1", "module": "patient-partner", "step": "my-skills"})
    why = "newer" if kind == "newer" else "damaged"
    assert said == {"kind": "reply", "id": "1", "ok": True, "answer": None, why: True}
    aside = [path for path in tmp_path.iterdir() if path.name.startswith(f"patient-partner.{why}-")]
    assert [path.read_bytes() for path in aside] == [DAMAGED[kind]]
    saved = keeper.reply({"kind": "save", "id": "2", "answer": answer("Written anew.").model_dump(mode="json"), "seen": None})
    assert saved["ok"]
    assert saved["answer"]["text"] == "Written anew."
    assert kept(tmp_path).text == "Written anew."
    assert kept(tmp_path, module="embrace-learnings").text == "Elsewhere."
    assert len(folder.all()) == 2
    assert aside[0].read_bytes() == DAMAGED[kind]


def test_a_damaged_file_is_moved_aside_by_a_save_too(tmp_path):
    (tmp_path / "patient-partner.json").write_bytes(b"{")
    _, aside = JournalFolder(tmp_path).save(answer())
    assert aside == "damaged"
    assert len(list(tmp_path.glob("patient-partner.damaged-*.json"))) == 1


@pytest.mark.parametrize(
    "message",
    [
        None, 7, "load", [], {}, {"kind": "load"}, {"kind": "erase", "id": "1"}, {"kind": ["load"], "id": "1"},
        {"kind": "load", "id": "1", "module": "../../etc/passwd", "step": "x"},
        {"kind": "load", "id": "1", "module": "patient-partner", "step": "../x"},
        {"kind": "save", "id": "1"},
        {"kind": "save", "id": "1", "answer": {"text": CANARY}},
        {"kind": "save", "id": "1", "answer": {"text": CANARY, "schema_version": 9}},
        {"kind": "notice", "id": "1"}, {"kind": "document", "id": "1", "answers": [{"text": CANARY}]},
    ],
)  # fmt: skip
def test_a_message_that_is_none_is_refused_and_nothing_is_said_of_it(tmp_path, message, caplog, capsys):
    said = Keeper(JournalFolder(tmp_path / "journal")).reply(message)
    assert said["ok"] is False
    assert said["reason"] == "refused"
    assert not (tmp_path / "journal").exists()
    heard = capsys.readouterr()
    assert CANARY not in str(said) + caplog.text + heard.out + heard.err


def test_an_answer_of_another_course_is_refused(tmp_path):
    other = answer().model_dump(mode="json") | {"course": "cooking"}
    assert Keeper(JournalFolder(tmp_path)).reply({"kind": "save", "id": "1", "answer": other})["reason"] == "refused"
    assert not list(tmp_path.glob("*.json"))


def test_without_a_journal_nothing_is_kept_and_noticing_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keeper = Keeper(None)
    assert keeper.reply({"kind": "save", "id": "1", "answer": answer(CANARY).model_dump(mode="json")})["reason"] == "refused"
    found = keeper.reply({"kind": "notice", "id": "2", "text": "I went to the clinic and I felt sad.", "language": "en", "key_words": []})
    assert found["found"] == ["happened", "meant"]
    assert list(tmp_path.iterdir()) == []


READER = """import os, sys
from pathlib import Path
from patient_partner_mentor.form.journal import JournalFolder
from patient_partner_mentor.form.keeper import Keeper
folder = JournalFolder(Path(sys.argv[1]))
folder.read("patient-partner")  # so that all that it imports is there
if os.geteuid() == 0:  # root may write anywhere
    os.setgid(65534)
    os.setuid(65534)
journal, _ = folder.read("patient-partner")
print(journal.answers[0].text)
said = Keeper(folder).reply({"kind": "save", "id": "1", "answer": journal.answers[0].model_dump(mode="json")})
print(said["ok"], said["reason"])
print(Keeper(folder).reply({"kind": "load", "id": "1", "module": "evaluate", "step": "successes"})["reason"])
"""


def test_a_folder_that_is_read_only_is_said_and_what_is_there_can_be_read(tmp_path):
    folder = tmp_path / "journal"
    JournalFolder(folder).save(answer())
    for path in (tmp_path, folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "evaluate.json").write_text("{")
    for above in tmp_path.parents:
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
    if os.geteuid() != 0:
        folder.chmod(0o555)
    try:
        done = subprocess.run([sys.executable, "-c", READER, str(folder)], capture_output=True, text=True, check=False, timeout=60)
    finally:
        folder.chmod(0o700)
    assert done.stdout.split("\n")[:3] == ["I keep a list.", "False unwritable", "unwritable"], done.stderr


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a small file system needs root")
def test_a_full_disk_keeps_what_was_there_and_is_said(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        folder = JournalFolder(small / "journal")
        folder.save(answer("While there was room."))
        with pytest.raises(JournalError) as refused:
            folder.save(answer("y" * 19_000, count=2).model_copy(update={"prompt": "z" * 60_000}))
        assert refused.value.reason == "full"
        assert kept(small / "journal").text == "While there was room."
        assert not list((small / "journal").glob("*.tmp"))
        assert Keeper(folder).reply({"kind": "save", "id": "1", "answer": answer("Short again.", count=3).model_dump(mode="json")})["ok"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


WRITER = """import sys
from pathlib import Path
from tests.unit.test_journal import answer
from patient_partner_mentor.form.journal import JournalFolder
folder, writer, rounds = JournalFolder(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
seen = None
for count in range(1, rounds + 1):
    kept, _ = folder.save(answer(f"{writer} {count}", count=count, writer=writer, step=writer), seen)
    seen = kept.revision
    print(count, flush=True)
"""
ROOT = Path(__file__).parent.parent.parent


def writing(folder: Path, writer: str, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), writer, str(rounds)], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    both = [writing(tmp_path, name, 40) for name in ("one", "two")]
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]
    assert kept(tmp_path, "one").text == "one 40"
    assert kept(tmp_path, "two").text == "two 40"


def kill_round(folder: Path, seed: int) -> None:
    """Kill a process after some of its many saves: what it was told is kept is there."""
    process = writing(folder, f"w{seed}", 10_000)
    enough, last = random.Random(seed).randint(1, 30), 0
    for line in process.stdout:
        last = int(line)
        if last >= enough:
            break
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    last = max([last, *(int(line) for line in rest.split())])
    found = kept(folder, f"w{seed}")
    assert found is not None
    assert int(found.text.split()[1]) in (last, last + 1), f"round {seed}"


def test_kill_9_while_writing_keeps_what_was_said_to_be_kept(tmp_path):
    for seed in range(3):
        kill_round(tmp_path, seed)
    JournalFolder(tmp_path).save(answer())
    assert not list(tmp_path.glob("*.tmp")), "a draft of a killed process is cleared away by the next save"


@pytest.mark.soak
def test_kill_9_while_writing_again_and_again(tmp_path):
    for seed in range(100, 200):
        kill_round(tmp_path, seed)
    print("\n100 rounds of kill -9 while a journal is written: all that was acknowledged was there.")
