"""Noticing in the browser: the same vectors as in Python, and thousands of texts on which the two agree."""

from __future__ import annotations

import gzip
import json
import random
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from patient_partner_mentor.credit import noticing
from patient_partner_mentor.credit.lists import ELEMENTS, word_lists
from patient_partner_mentor.credit.noticing import notice
from patient_partner_mentor.credit.simulate import dictated, learner_dictated, learner_english
from patient_partner_mentor.form.bundle import classic_script

VECTORS = (Path(__file__).parent.parent / "data/noticing_vectors.json").read_text("ascii")
CREDIT = Path(noticing.__file__).parent
FORM = CREDIT.parent / "form"
PARTS = [("record.js", FORM), ("rules.js", FORM), ("credit.js", CREDIT), ("noticing.js", CREDIT)]
LISTS = (CREDIT / "noticing/en.json").read_text("utf-8")
CASES = 10_000
WEIGHT = 30_000  # bytes, compressed
RUN_VECTORS = r"""([json, lists]) => {
  const vectors = JSON.parse(json), english = JSON.parse(lists), broken = [];
  let count = 0;
  const expect = (name, text, found, want) => {
    count++;
    if (JSON.stringify(found) !== JSON.stringify(want)) broken.push(`${name}: ${JSON.stringify(text)}: ${found}`);
  };
  const own = (entry) => {
    const data = structuredClone(vectors.lists);
    data.elements.meant.groups[0].entries = entry ? [entry] : [];
    return data;
  };
  for (const c of [...vectors.patterns, ...vectors.key_words]) {
    const data = own(c.entry);
    for (const text of c.yes) expect(c.name, text, window.ppm.notice(text, "xx", c.key_words, data), [c.entry ? "meant" : "resource"]);
    for (const text of c.no) expect(c.name, text, window.ppm.notice(text, "xx", c.key_words, data), []);
  }
  for (const c of vectors.notice) expect(c.name, c.text, window.ppm.notice(c.text, c.language ?? "en", c.key_words ?? [], english), c.want);
  expect("no lists", "", window.ppm.notice("It made me feel small.", "en"), []);
  return JSON.stringify({ broken, count });
}"""
RUN_CASES = r"""([json, lists]) => {
  const english = JSON.parse(lists);
  return JSON.stringify(JSON.parse(json).map(([text, keyWords]) => window.ppm.notice(text, "en", keyWords, english)));
}"""
INVENTED = """\
I went to the clinic with my sister, and nobody asked her anything. | It made me feel small; I don\u2019t know why.
Last winter we slept in the car for two weeks, because the house was cold. | What would have helped us then?
In the video she says that time is care. I agree, but it is hard to ask for it. | I think people should listen more!
The nurse sat down, held my hand and told me her name. | I was surprised: I hadn't expected that.
I will call the office on Monday and ask for a copy. | My plan is to rest first. Next time I want to bring my brother.
They invited me to a panel (no one paid for the train). | I learned to say no; I am still proud of it.
Maybe I could've said more. We never spoke of it again... | He lost his work, then we lost our home.
Call me a partner. | I have been a caregiver for ten years, and I love the word navigator.
""".replace("\n", " | ").split(" | ")[:-1]


class Maker:
    """Makes texts up: Unicode of all kinds, words of the lists in any order, and sentences as people write them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        old = unicodedata.ucd_3_2_0  # characters of today are not in every browser's tables
        planes = [*range(0x3000), *range(0x4E00, 0x9FA5, 37), *range(0xAC00, 0xD7A4, 97), *range(0xD800, 0xE000, 64)]
        planes += [*range(0xF900, 0x10000), *range(0x10400, 0x10428), *range(0x1D100, 0x1D200), *range(0x20000, 0x20100)]
        self.characters = [chr(n) for n in planes if old.category(chr(n)) != "Cn"]
        self.marks = [c for c in self.characters if unicodedata.combining(c)]
        self.emoji = ["\U0001f642", "\U0001f469\u200d\U0001f9bd", "\u2764\ufe0f", "\U0001f44d\U0001f3fd"]
        self.rtl = "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u200f \u0623\u0646\u0627 \u061f".split(" ")
        self.cjk = list("\u6211\u53bb\u4e86\u533b\u9662\u3002\u308f\u305f\u3057\u306f\u30ab\u30bf\u0e09\u0e31\u0e19\uff1f\uff01\uc548\ub155")
        self.words = self._words()

    def _words(self) -> list[str]:
        lists = word_lists("en")
        entries = [entry for listed in lists.elements.values() for group in listed.groups for entry in group.entries]
        entries += [line for lines in lists.classes.values() for line in lines]
        forms = {form.strip("-@") for entry in entries for item in entry.split() for form in item.split("|") if item[0] not in "<^?"}
        return sorted(form.replace("*", self.random.choice(["", "x", "es", "unn", "\u00e9\u00e9"])) for form in sorted(forms)) + ["the", "nurse", "partner"]

    def text(self) -> str:
        makers = (self.unicode, self.listed, self.listed, self.invented, self.invented, self.mixed)
        made = self.random.choice(makers)()
        return made if self.random.random() < 0.995 else self.long(made)

    def unicode(self) -> str:
        mixed = self.random.choices([self.characters, self.marks, ["a", " ", "\n", "?", ".", "\ud83d", "\u1100"]], k=self.random.randint(0, 40))
        return "".join(self.random.choice(part) for part in mixed)

    def listed(self) -> str:
        ends = ["", "", "", "", ".", "?", "!", ",", "\n", "\u2026", "'", "\u2019", ";"]
        words = (self.random.choice([str.lower, str.lower, str.title, str.upper])(self.random.choice(self.words)) for _ in range(self.random.randint(1, 90)))
        return self.random.choice(["", " "]).join(word + self.random.choice(ends) + " " for word in words)

    def invented(self) -> str:
        text = " ".join(self.random.sample(INVENTED, self.random.randint(1, 5)))
        change = self.random.choice([None, learner_english, dictated, learner_dictated])
        return change(text, self.random) if change else text

    def mixed(self) -> str:
        words = (self.invented() + " " + self.listed()).split(" ")
        for _ in range(self.random.randint(1, 12)):
            strange = self.random.choice([self.emoji, self.rtl, self.cjk, self.marks, ["\u00a0", "\u200b", "\u00ad", "\u0130", "\u1e9e", "\u03a3"]])
            words.insert(self.random.randrange(len(words)), self.random.choice(strange))
        return self.random.choice([" ", " ", ""]).join(words)

    def long(self, text: str) -> str:
        return ((text or "we went ") * (20_000 // max(1, len(text)) + 1))[:20_000]

    def case(self) -> list:
        return [self.text(), self.random.choice([[], [], ["partner"], ["care plan", "\u6211", "Caf\u00e9"], [self.random.choice(self.words)]])]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.evaluate(f"() => {{ {classic_script(PARTS)} }}")
    yield opened
    context.close()


def test_the_vectors_hold_in_the_browser(page):
    found = json.loads(page.evaluate(RUN_VECTORS, [VECTORS, LISTS]))
    assert found["broken"] == []
    vectors = json.loads(VECTORS)
    both = vectors["patterns"] + vectors["key_words"]
    assert found["count"] == sum(len(c["yes"]) + len(c["no"]) for c in both) + len(vectors["notice"]) + 1


def test_python_and_the_browser_agree_on_made_up_texts(page):
    maker = Maker(20260501)
    sent = json.dumps([maker.case() for _ in range(CASES)])  # with escapes: a lone surrogate would not travel on its own
    found = json.loads(page.evaluate(RUN_CASES, [sent, LISTS]))
    cases = json.loads(sent)
    differ = [(text, keys, js) for (text, keys), js in zip(cases, found, strict=True) if list(notice(text, "en", keys)) != js]
    assert not differ, "\n".join(ascii(one)[:800] for one in differ[:5]) + f"\n{len(differ)} of {CASES} differ"
    seen = Counter(element for js in found for element in js)
    assert all(CASES / 50 < seen[element] < CASES * 0.98 for element in ELEMENTS)  # each is found often, and not always
    assert sum(len(text) >= 20_000 for text, _ in cases) > 20


def test_noticing_and_its_lists_are_light():
    lists = json.dumps(json.loads(LISTS), ensure_ascii=False, separators=(",", ":"))
    weight = sum(len(gzip.compress(text.encode())) for text in ((CREDIT / "noticing.js").read_text("utf-8"), lists))
    assert weight < WEIGHT
