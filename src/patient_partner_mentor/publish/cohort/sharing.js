/* The hand-in, made from answers at the moment of sharing; and its id, which stands in the browser before anything is
   sent, so that a second try is the same. The same rules stand in handins.py, and the tests hold the two together. */
import { SCHEMA, blank, isKept } from "./record.js";

export const IDS = "ppm:share:"; // + the owner's prefix + module: {id, of}, and no words
const NEXT_STEP = "next-step";
const SHARED_ONLY = ["text", "prompt", "prompt_hash", "language", "enough", "again", "lighter"];

/** What a learner shares of a module, still without an id.
    @param module {id, version, steps} @param {Object[]} answers of this module
    @param {Set<string>} chosen steps whose words go @param {string?} reply the step that a reply is wished to */
export function handIn(course, module, answers, chosen, reply) {
  const find = (step) => answers.find((one) => one.module === module.id && one.step === step);
  const one = (step) => {
    const answer = find(step);
    if (!answer || answer.status !== "written" || !chosen.has(step)) return { step, status: answer?.status ?? "open" };
    return { step, status: "written", share: true, ...Object.fromEntries(SHARED_ONLY.map((name) => [name, answer[name]])) };
  };
  const steps = [...module.steps, ...(chosen.has(NEXT_STEP) ? [NEXT_STEP] : [])];
  return { schema_version: SCHEMA, course, module: module.id, module_version: module.version, answers: steps.map(one), reply_wanted: reply ?? null };
}

/** A short mark of a text (two rounds of FNV-1a): equal texts have equal marks, and it says nothing of them. */
export function markOf(text) {
  const round = (seed) => {
    let hash = seed;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    return (hash >>> 0).toString(16).padStart(8, "0");
  };
  return round(2166136261) + round(3735928559);
}

/** The id of a hand-in: the one that these same words have had before, else a new one, kept before it is used. */
export function idOf(store, content) {
  const k = IDS + store.inside.prefix + content.module, of = markOf(JSON.stringify(content));
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(k)); } catch {}
  if (kept?.of === of && /^[a-z0-9]{8,64}$/.test(kept.id)) return kept.id;
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  try { localStorage.setItem(k, JSON.stringify({ id, of })); } catch {}
  return id;
}

/** Forget a hand-in's id: it was taken back, so the same words again are a new one. */
export const forgetId = (store, module) => { try { localStorage.removeItem(IDS + store.inside.prefix + module); } catch {} };

/** How a step stands to what is shared of it: "same", "changed", "added", "withheld"; nothing if it is not shared and does not go.
    @param before what is shared now, or nothing @param next what would be */
export function standing(before, next, step) {
  if (!before) return null;
  const [then, now] = [before, next].map((one) => one.answers.find((answer) => answer.step === step) ?? {});
  if (!then.share) return now.share ? "added" : (then.status ?? "open") === (now.status ?? "open") || step === NEXT_STEP ? null : "changed";
  if (!now.share) return now.status === "written" || step === NEXT_STEP ? "withheld" : "changed";
  return SHARED_ONLY.every((name) => (then[name] ?? false) === (now[name] ?? false)) ? "same" : "changed";
}

/** Whether "share all I wrote" takes an answer: written words that the learner has not chosen to keep. */
export const offered = (answer) => Boolean(answer) && answer.status === "written" && !blank(answer.text) && !isKept(answer);
