/* Noticing: which elements a text's words point to. A mirror for those who ask; it never touches credit. The same rules
   stand in noticing.py, which says how a pattern is read; tests/data/noticing_vectors.json holds the two together.
   The word lists (noticing/en.json) are given by the host. */
import { tokens } from "./credit.js";

const ELEMENTS = ["happened", "meant", "resource", "next"];
const PREPARED = new WeakMap(); // word lists made ready, by the lists
const NONE = new Set();

/** The elements that the text's words point to; none in a language other than that of the lists.
    @param {string} language of the text, as a tag such as "en"
    @param {string[]} keyWords what the author chose for the step's resources
    @param {Object} data the word lists of the language, or null where there are none */
export function notice(text, language, keyWords = [], data = null) {
  if (!data || language.split("-")[0].toLowerCase() !== data.language) return [];
  if (!PREPARED.has(data)) PREPARED.set(data, prepare(data));
  const lists = PREPARED.get(data), sentences = sentencesOf(text), found = new Set();
  for (const window of windowsOf(sentences, data.window)) for (const element of elementsOf(groupsFound(window, lists), lists)) found.add(element);
  if (tenths(data.key_words.weight) >= lists.thresholds.resource && hasKeyWord(sentences, keyWords, data.key_words.endings)) found.add("resource");
  return ELEMENTS.filter((name) => found.has(name));
}

const tenths = (weight) => Math.trunc(weight * 10 + (weight > 0 ? 0.5 : -0.5)); // whole numbers add up alike everywhere

/** The words of each sentence, after "^" and, in a question, before "?". */
function sentencesOf(text) {
  const found = [];
  for (const piece of text.normalize("NFC").replace(/[?\u061f\uff1f]/g, "?\n").split(/[.!;:\u2026\u3002\uff01\u0964\n\r\u2028\u2029]/)) {
    const words = tokens(piece);
    if (words.length) found.push(["^", ...words]);
    if (piece.endsWith("?") && found.length && found.at(-1).at(-1) !== "?") found.at(-1).push("?");
  }
  return found;
}

/** Each sentence whole, or, where it is longer than `size`, in windows of that size that overlap by half. */
function windowsOf(sentences, size) {
  const found = [], step = Math.floor(size / 2);
  for (const sentence of sentences) {
    const last = sentence.length - size;
    if (last <= 0) found.push(sentence);
    else for (let at = 0; at < last + step; at += step) found.push(sentence.slice(at, at + size));
  }
  return found;
}

/** The numbers of the groups that have an entry in this window. */
function groupsFound(window, lists) {
  const items = window.map((word) => itemsOf(word, lists)), found = new Set();
  items.forEach((here, at) => {
    for (const item of here) for (const pattern of lists.patterns.get(item) ?? []) {
      if (!found.has(pattern.group) && follows(pattern.rest, 0, window, items, at + 1)) found.add(pattern.group);
    }
  });
  return found;
}

function follows(rest, number, window, items, at) {
  if (number === rest.length) return true;
  const item = rest[number];
  if (typeof item === "string") return at < window.length && items[at].has(item) && follows(rest, number + 1, window, items, at + 1);
  for (let skipped = 0; ; skipped++, at++) {
    if (follows(rest, number + 1, window, items, at)) return true;
    if (skipped === item || at >= window.length || window[at] === "^" || window[at] === "?") return false;
  }
}

/** The items that a word fits. */
function itemsOf(word, { words, starts, ends, without, lengths }) {
  const found = new Set(words.get(word)), not = without.get(word) ?? NONE;
  const add = (items) => { for (const item of items ?? NONE) if (!not.has(item)) found.add(item); };
  for (const size of lengths.starts) add(starts.get(word.slice(0, size)));
  for (const size of lengths.ends) if ([...word].length >= size + 2) add(ends.get(word.slice(-size)));
  return found;
}

function elementsOf(groups, lists) {
  const sums = {};
  for (const number of groups) {
    const [element, weight] = lists.groups[number];
    sums[element] = (sums[element] ?? 0) + weight;
  }
  return Object.keys(sums).filter((element) => sums[element] >= lists.thresholds[element]);
}

function hasKeyWord(sentences, keyWords, endings) {
  return keyWords.map(tokens).some((words) => words.length && sentences.some((sentence) => sentence.some((_, at) =>
    at > 0 && words.every((word, i) => i < words.length - 1 ? sentence[at + i] === word : endings.some((ending) => sentence[at + i] === word + ending)))));
}

/** The word lists made ready to look words up in: the items that a word, beginning or ending belongs to. */
function prepare(data) {
  const lists = { words: new Map(), starts: new Map(), ends: new Map(), without: new Map(), patterns: new Map(), groups: [], thresholds: {} };
  const known = new Set();
  for (const [element, { threshold, groups }] of Object.entries(data.elements)) {
    lists.thresholds[element] = tenths(threshold);
    for (const { weight, entries } of groups) {
      for (const entry of entries) {
        const [first, ...rest] = entry.split(" ").map((item) => (item.startsWith("<") ? Number(item.slice(1)) : item));
        for (const item of [first, ...rest]) if (typeof item === "string" && !known.has(item)) addForms(lists, known.add(item) && item, item.split("|"), data.classes);
        if (!lists.patterns.has(first)) lists.patterns.set(first, []);
        lists.patterns.get(first).push({ group: lists.groups.length, rest });
      }
      lists.groups.push([element, tenths(weight)]);
    }
  }
  const sizes = (table) => [...new Set([...table.keys()].map((form) => form.length))];
  return { ...lists, lengths: { starts: sizes(lists.starts), ends: sizes(lists.ends) } };
}

function addForms(lists, item, parts, classes) {
  const add = (table, form) => table.set(form, (table.get(form) ?? new Set()).add(item));
  for (const part of parts) {
    if (part.startsWith("@")) addForms(lists, item, classes[part.slice(1)].join(" ").split(" "), classes);
    else if (part.startsWith("-")) add(lists.without, part.slice(1));
    else if (part.startsWith("*")) add(lists.ends, part.slice(1));
    else if (part.endsWith("*")) add(lists.starts, part.slice(0, -1));
    else add(lists.words, part);
  }
}
