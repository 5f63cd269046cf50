/* Copies of everything a learner wrote: to read, and to go on with on another device. Pure functions over answers. */
import { RecordError, SCHEMA, blank, compare, merge, readAnswer } from "./record.js";

export const FORMAT = "patient-partner-mentor-copy";
export const LARGEST = 5 * 1024 * 1024; // bytes; all answers at their limit, with room to spare, stay below
const MOST_CHANGES = 1e9; // nobody types that often; a higher counter would leave no room for the next change

/** A copy to go on with, as text. */
export function writeCopy(answers, course, time) {
  return JSON.stringify({ format: FORMAT, schema_version: SCHEMA, course, saved: time, answers }, null, 1);
}

/** The answers of a copy to go on with.
    @throws {RecordError} `newer` when a newer version wrote it, `other` when it belongs to another course */
export function readCopy(text, course) {
  let data;
  try { data = JSON.parse(text); } catch { throw new RecordError(); }
  if (typeof data !== "object" || !data || data.format !== FORMAT || !Number.isInteger(data.schema_version)) throw new RecordError();
  if (data.schema_version > SCHEMA) throw new RecordError(true);
  if (data.course !== course) throw Object.assign(new RecordError(), { other: true });
  if (!Array.isArray(data.answers) || data.answers.length > 2000) throw new RecordError();
  const byPlace = new Map();
  for (const one of data.answers) {
    const answer = readAnswer(one);
    if (answer.revision.count > MOST_CHANGES) throw new RecordError();
    if (answer.course !== course) throw Object.assign(new RecordError(), { other: true });
    const place = `${answer.module}/${answer.step}`;
    byPlace.set(place, byPlace.has(place) ? merge(byPlace.get(place), answer) : answer);
  }
  return [...byPlace.values()];
}

/** What bringing a copy in would change: how many answers are new here, newer, older and the same. */
export function difference(here, copy) {
  const known = new Map(here.map((answer) => [`${answer.module}/${answer.step}`, answer]));
  const count = { new: 0, newer: 0, older: 0, same: 0 };
  const changes = [];
  for (const answer of copy) {
    const mine = known.get(`${answer.module}/${answer.step}`);
    const order = mine ? compare(answer.revision, mine.revision) : 1;
    const kind = !mine ? "new" : order > 0 ? "newer" : order < 0 ? "older" : "same";
    const changed = !mine || JSON.stringify(merge(mine, answer)) !== JSON.stringify(merge(mine, mine));
    count[changed ? kind : "same"] += 1;
    if (changed) changes.push(answer);
  }
  return { count, changes };
}

/** A copy to read: plain text, module by module. */
export function writeText(modules, answers, t, day) {
  const lines = [t.text_title, t.text_saved.replace("{date}", day), ""];
  const find = (m, step) => answers.find((a) => a.module === m.id && a.step === step);
  const known = new Set();
  const put = (answer, title) => {
    lines.push(title, `${t.text_question}: ${answer.prompt}`);
    if (answer.status === "skipped") lines.push(t.skipped);
    if (answer.status === "other-way") lines.push(t.other_way);
    if (!blank(answer.text)) lines.push(`${t.text_answer}:`, answer.text);
    for (const item of answer.overtaken) lines.push(`${t.earlier}:`, item.text);
    lines.push("");
  };
  for (const module of modules) {
    const rows = [...module.steps, "next-step"].map((step, i) => [find(module, step), module.titles[i] ?? t.plan]).filter(([a]) => a);
    if (!rows.length) continue;
    lines.push(t.module_heading.replace("{number}", module.number).replace("{title}", module.title), "");
    for (const [answer, title] of rows) { known.add(answer); put(answer, title); }
  }
  for (const answer of answers.filter((a) => !known.has(a))) put(answer, t.others);
  return lines.join("\n");
}
