/* Credit for one step: done, begun or open. The same rules stand in check.py and words.py, over the same rules.json;
   tests/data/credit_vectors.json holds them together. It is no filter for quality. */
import { blank, splitParts } from "./record.js";
import { RULES } from "./rules.js";

const RANGES = RULES.without_spaces.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`).join("");
const ALONE = new RegExp(`^[${RANGES}]$`, "u"), PARTS = new RegExp(`[${RANGES}]|[^${RANGES}]+`, "gu");

/** The words of a text, lower-cased; a character of a script without spaces is a token of its own. */
export function tokens(text) {
  const found = [];
  for (const [run] of text.normalize("NFC").matchAll(/\p{L}[\p{L}\p{M}]*/gu)) for (const part of run.match(PARTS)) found.push(part.toLowerCase());
  return found;
}

const equivalents = (words) => words.reduce((sum, word) => sum + (ALONE.test(word) ? 0.5 : 1), 0);
const runs = (words, length) => new Set(words.slice(length - 1).map((_, i) => words.slice(i, i + length).join(" ")));
const both = (a, b) => [...a].filter((one) => b.has(one)).length;

function copiedShare(words, source, run) {
  const mine = runs(words, run);
  return mine.size ? both(mine, runs(source, run)) / mine.size : 0;
}

function sharedShare(words, other, run) {
  const mine = runs(words, run), theirs = runs(other, run), shared = both(mine, theirs), all = mine.size + theirs.size - shared;
  return all ? shared / all : 0;
}

function reason(text, a) {
  if (a.status === "skipped" || a.status === "other-way") return a.status;
  if (a.status === "written" && a.shared === false) return "kept";
  if (blank(text)) return "empty";
  if (!RULES.languages.includes(a.language)) return "language";
  if (a.lighter) return "lighter";
  const words = tokens(text), count = equivalents(words), { copied, repeated } = RULES;
  if (!a.again) {
    if (count >= copied.words && copiedShare(words, tokens(a.prompt ?? ""), copied.run) >= copied.share) return "copied";
    if (count >= repeated.words && (a.earlier ?? []).some((text) => sharedShare(words, tokens(text), repeated.run) >= repeated.share)) return "repeated";
  }
  return count < RULES.short.words && !a.enough ? "short" : "written";
}

/** The credit of a text: {state, reason, question}; `question` names the learner's word that would settle it.
    @param {{status, shared, prompt, earlier, language, enough, again, lighter}} a as in check.py */
export function check(text, a) {
  const why = reason(text, a);
  return { state: RULES.states[why], reason: why, question: RULES.settled_by[why] ?? null };
}

/** The learner's own words: a text without the labels of its parts. */
export const ownWords = (text, labels) => (labels?.length && splitParts(labels, text)?.join("\n")) || text;

/** The credit of a stored answer. @param {string[]} earlier own words of the module's earlier steps */
export const credit = (answer, labels = [], earlier = []) =>
  check(ownWords(answer.text, labels), { ...answer, shared: true, earlier, prompt: [answer.prompt, ...labels].join("\n") });

/** The states of a module's steps, in order. @param {{id, steps, parts}} module @param {Object[]} answers of any modules */
export function states(module, answers) {
  const earlier = [];
  return module.steps.map((step) => {
    const answer = answers.find((one) => one.module === module.id && one.step === step), labels = module.parts?.[step] ?? [];
    const found = answer ? credit(answer, labels, [...earlier]) : { state: "open", reason: "empty", question: null };
    if (answer) earlier.push(ownWords(answer.text, labels));
    return found.state;
  });
}
