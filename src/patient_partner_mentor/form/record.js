/* The record of an answer in the browser: pure functions over plain data. The same rules stand in reflections.py,
   and tests/data/record_vectors.json holds the two together. */

export const SCHEMA = 1;
export const LIMIT = 20000; // characters of a text, counted as code points
export const OVERTAKEN = 20; // overtaken texts that are kept
const LONGEST_PAST = 5 * OVERTAKEN; // of a list that is read; more of them are no list of ours
const MARKS = /(?:(?!\u034f)\p{M}){30}(?=(?!\u034f)\p{M})/gu; // so many combining marks before one more
const STATUSES = ["open", "written", "skipped", "other-way"];
const FLAGS = ["share", "enough", "again", "lighter", "reply_wanted"];
const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;

/** Something that is not a record of ours. `newer` says that a newer version of the course wrote it. */
export class RecordError extends Error {
  constructor(newer = false) {
    super(newer ? "newer record" : "no record");
    this.newer = newer;
  }
}

/** Long runs of marks parted by a sign that shows nothing: ordering one takes time with the square of its length. */
const partMarks = (text) => text.replace(MARKS, "$&\u034f");

/** Plain text as it is kept: Unicode NFC, lone surrogates replaced, endless runs of marks parted, at most LIMIT code points. */
export function clean(text) {
  const whole = text.toWellFormed ? text.toWellFormed() : text.replace(/\p{Surrogate}/gu, "\ufffd");
  const points = [...partMarks(partMarks(whole).normalize("NFC"))]; // once more: one mark can become two
  return points.length > LIMIT ? points.slice(0, LIMIT).join("") : points.join("");
}

export const blank = (text) => !text.trim();

/** Whether the learner chose to keep a written answer for herself: all three words are said at once by that one button. */
export const isKept = (answer) => answer.status === "written" && !answer.share && answer.enough && answer.again;

/** Which of two revisions is newer: positive when `a` is. A counter decides, then the writer's id; never a clock. */
export const compare = (a, b) => a.count - b.count || (a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : 0);

/** An answer to a question that nobody has touched yet. */
export function fresh(question, writer) {
  return {
    schema_version: SCHEMA,
    course: question.course,
    module: question.module,
    step: question.step,
    module_version: question.module_version,
    prompt: question.prompt,
    prompt_hash: question.prompt_hash,
    status: "open",
    share: false,
    text: "",
    enough: false,
    again: false,
    lighter: false,
    reply_wanted: false,
    language: question.language,
    revision: { count: 0, writer },
    time: null,
    overtaken: [],
  };
}

/** The answer after a change by this writer. A changed question takes the earlier words along as overtaken. */
export function change(answer, patch, question, writer, time) {
  const next = { ...answer, ...patch, revision: { count: answer.revision.count + 1, writer }, time };
  next.text = clean(next.text);
  if (next.status === "open" || next.status === "written") next.status = blank(next.text) ? "open" : "written";
  const other = question.prompt_hash !== answer.prompt_hash;
  if (other && !blank(answer.text)) {
    if (next.text === answer.text) return next; // a tick or a skip does not make old words an answer to a new question
    next.overtaken = gather(next.overtaken, [past(answer)]);
  }
  next.prompt_hash = question.prompt_hash;
  next.module_version = question.module_version;
  next.prompt = (next.lighter && question.lighter) || question.prompt; // the words that were answered; the hash names the step's question
  return next;
}

/** A text that was overtaken, with what is needed to read it later. */
export const past = (answer) => ({ text: answer.text, time: answer.time, revision: answer.revision, prompt: answer.prompt });

/** Lists of overtaken texts as one: each text once, the newest OVERTAKEN, oldest first. */
export function gather(...lists) {
  const byText = new Map();
  for (const item of lists.flat()) {
    const other = byText.get(item.text);
    if (!blank(item.text) && (!other || compare(item.revision, other.revision) > 0)) byText.set(item.text, item);
  }
  return [...byText.values()].sort((a, b) => compare(a.revision, b.revision)).slice(-OVERTAKEN);
}

/** Two versions of one answer as one: the newer revision wins, and the other's words stay as overtaken. */
export function merge(a, b) {
  const [older, newer] = compare(a.revision, b.revision) > 0 ? [b, a] : [a, b];
  return { ...newer, overtaken: others(newer.text, older.overtaken, newer.overtaken, [past(older)]) };
}

/** Overtaken texts beside a current one, which is none of them. */
const others = (text, ...lists) => gather(...lists.map((list) => list.filter((item) => item.text !== text)));

/** What to keep when `draft` is written over `stored`, if its writer had last seen the revision `seen`.
    A text that somebody else wrote in between is overtaken by what was typed last, and never lost. */
export function settle(stored, draft, seen) {
  if (!stored) return draft;
  const known = stored.revision.writer === draft.revision.writer || (seen && !compare(stored.revision, seen));
  const again = known && ["text", "status", ...FLAGS].every((name) => stored[name] === draft[name]);
  const count = Math.max(draft.revision.count, stored.revision.count + (again ? 0 : 1));
  const mine = { ...draft, revision: { ...draft.revision, count } };
  if (!known) return merge(stored, mine);
  return { ...mine, overtaken: others(mine.text, stored.overtaken, mine.overtaken) };
}

/** An answer out of data of any origin, with the known fields only.
    @throws {RecordError} when it is none, or a newer version of the course wrote it */
export function readAnswer(data) {
  const no = (bad) => { if (bad) throw new RecordError(); };
  no(typeof data !== "object" || !data || Array.isArray(data));
  no(!Number.isInteger(data.schema_version) || data.schema_version < 1);
  if (data.schema_version > SCHEMA) throw new RecordError(true);
  const answer = { schema_version: SCHEMA };
  for (const name of ["course", "module", "step"]) {
    no(typeof data[name] !== "string" || data[name].length > 60 || !SLUG.test(data[name]));
    answer[name] = data[name];
  }
  no(!Number.isInteger(data.module_version) || data.module_version < 1);
  no(typeof data.prompt !== "string" || typeof data.prompt_hash !== "string" || !/^[0-9a-f]{16}$/.test(data.prompt_hash) || !STATUSES.includes(data.status));
  no(typeof data.text !== "string" || typeof data.language !== "string" || !/^[A-Za-z0-9-]{2,20}$/.test(data.language));
  Object.assign(answer, { module_version: data.module_version, prompt: clean(data.prompt), prompt_hash: data.prompt_hash });
  Object.assign(answer, { status: data.status, text: clean(data.text), language: data.language });
  for (const name of FLAGS) {
    no(data[name] !== undefined && typeof data[name] !== "boolean");
    answer[name] = data[name] === true;
  }
  if (answer.status === "open" || answer.status === "written") answer.status = blank(answer.text) ? "open" : "written";
  answer.revision = readRevision(data.revision);
  answer.time = readTime(data.time);
  no(!Array.isArray(data.overtaken ?? []) || data.overtaken?.length > LONGEST_PAST);
  answer.overtaken = gather((data.overtaken ?? []).map(readPast));
  return answer;
}

function readPast(data) {
  if (typeof data !== "object" || !data || typeof data.text !== "string" || typeof data.prompt !== "string") throw new RecordError();
  return { text: clean(data.text), time: readTime(data.time), revision: readRevision(data.revision), prompt: clean(data.prompt) };
}

function readRevision(data) {
  const good = data && Number.isSafeInteger(data.count) && data.count >= 0 && data.count < 1e12 && typeof data.writer === "string" && /^[a-z0-9]{1,32}$/.test(data.writer);
  if (!good) throw new RecordError();
  return { count: data.count, writer: data.writer };
}

function readTime(data) {
  if (data === null || data === undefined) return null;
  if (typeof data !== "string" || !TIME.test(data)) throw new RecordError();
  return data;
}

/** The text of several labelled parts as one text, and back. Parts that cannot be told apart any more come back as
    null: then the whole text is shown in one box, and nothing is lost. */
export function joinParts(labels, values) {
  if (values.every(blank)) return "";
  return labels.map((label, i) => `${label}\n${values[i]}`).join("\n\n");
}

export function splitParts(labels, text) {
  if (blank(text)) return labels.map(() => "");
  const values = [];
  let rest = "\n\n" + text;
  for (let i = labels.length - 1; i >= 0; i--) {
    const at = rest.lastIndexOf(`\n\n${labels[i]}\n`);
    if (at < 0) return null;
    values.unshift(rest.slice(at + labels[i].length + 3));
    rest = rest.slice(0, at);
  }
  return rest === "" && joinParts(labels, values) === text ? values : null;
}
