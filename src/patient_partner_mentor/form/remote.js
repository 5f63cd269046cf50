/* Carries answers on from the browser to where the course keeps them: a journal beside a kernel, or an account in the
   course service. The browser's own store comes first, always; what cannot be reached now is tried again. */
import { HOST_TEXT } from "./host_text.js";
import { compare, gather, merge } from "./record.js";

const ACK = 4000, LONGEST = 15000; // ms: until "we cannot reach the course" is said; between two tries at most
const REACHED = "ppm:reached:"; // + key: the last revision that the course had, so that a later one is known to follow it

const late = (time) => new Promise((_, no) => setTimeout(() => no({ reason: "unreached" }), time));
const equal = (a, b) => Boolean(a && b) && !compare(a, b);
const lastReached = {
  get(k) { try { return JSON.parse(localStorage.getItem(REACHED + k)); } catch { return null; } },
  put(k, revision) { try { localStorage.setItem(REACHED + k, JSON.stringify(revision)); } catch {} },
};

/** What stands here and what stands with the course as one, without taking an answer's own past for somebody else's.
    @param reached the last revision that both had */
export function reconcile(here, there, reached) {
  if (!here || !there) return here ?? there;
  if (equal(here.revision, there.revision)) return { ...here, overtaken: gather(here.overtaken, there.overtaken) };
  if (equal(here.revision, reached)) return there;
  if (equal(there.revision, reached)) return here;
  return merge(here, there);
}

/** The store of this browser, and behind it the course.
    @param channel {load(module, step) -> {answer, newer, damaged, gone}, save(answer, seen) -> {answer}, pause, closed}:
      each answers with a promise, and says why not with {reason}; `pause` is the ms to wait for more before a save;
      `gone` says that the course has nothing at all of this learner's; `closed()` that this browser is not to get words
    @param own {module, step} of the one answer that this store carries on, where each form has a store; else it carries all */
export function hosted(local, channel, own) {
  const { COPY, copies, key, update } = local.inside;
  const entries = new Map(), tellers = new Set();
  const entryOf = (module, step) => {
    const name = `${module}/${step}`;
    if (!entries.has(name)) entries.set(name, { name, module, step, k: key(module, step), latest: null, seen: null, known: false, wait: 1000 });
    return entries.get(name);
  };
  const tell = (entry, where, news) => { entry.where = where; for (const told of tellers) told(entry.name, where, news); };

  /** Put what the course has into the browser's store; what was typed meanwhile stays, with the rest beside it. */
  async function adopt(entry, answer, from) {
    if (local.keepsNothing() || channel.closed?.()) return;
    const decide = (stored) => (!stored || equal(stored.revision, from) || equal(stored.revision, answer.revision) ? answer : { ...merge(stored, answer) });
    try {
      const kept = (await update(entry.k, decide)).answer;
      copies.put(entry.k, kept);
    } catch { copies.put(entry.k, decide(copies.get(entry.k))); }
  }

  /** Bring here and there together: take over what is newer there, carry on what is newer here. */
  async function meet(entry, here, found) {
    entry.known = true;
    entry.seen = found.answer?.revision ?? null;
    if (found.gone && here && equal(here.revision, lastReached.get(entry.k))) return { ...found, answer: here }; // erased there: not for us to bring back
    const answer = reconcile(here, found.answer, lastReached.get(entry.k));
    const adds = (other) => !equal(answer.revision, other?.revision) || answer.overtaken.length > other.overtaken.length;
    if (answer && adds(here)) await adopt(entry, answer, here?.revision);
    if (answer && adds(found.answer)) { entry.latest ??= answer; later(entry, 0); }
    else if (answer) lastReached.put(entry.k, answer.revision);
    return { ...found, answer };
  }
  const ask = (entry) => Promise.race([channel.load(entry.module, entry.step), late(ACK)]);

  /** What is sent is never behind what the course has: where this browser keeps nothing, its own count falls back. */
  const following = (answer, seen) => (seen && answer.revision.count <= seen.count && !equal(answer.revision, seen)
    ? { ...answer, revision: { ...answer.revision, count: seen.count + 1 } } : answer);
  const later = (entry, time) => { clearTimeout(entry.timer); if (!channel.closed?.()) entry.timer = setTimeout(() => push(entry), time); };

  /** Carry the newest words on, one save at a time. */
  async function push(entry) {
    if (entry.busy) return;
    entry.busy = true;
    try {
      if (!entry.known) {
        const found = await ask(entry);
        const { answer } = await meet(entry, entry.latest ?? (await local.load(entry.module, entry.step)).answer, found);
        clearTimeout(entry.timer);
        if (!entry.latest) tell(entry, "course", Boolean(answer));
      }
      while (entry.latest) {
        const sent = entry.latest = following(entry.latest, entry.seen);
        const { answer } = await Promise.race([channel.save(sent, entry.seen), late(ACK)]);
        entry.seen = answer.revision;
        lastReached.put(entry.k, answer.revision);
        const more = answer.overtaken.length > sent.overtaken.length;
        if (more || !equal(answer.revision, sent.revision)) await adopt(entry, answer, sent.revision);
        if (entry.latest === sent) entry.latest = null;
        entry.wait = 1000;
        if (!entry.latest) tell(entry, "course", more);
      }
    } catch (problem) {
      const why = problem?.reason in store.lines ? problem.reason : "unreached";
      tell(entry, entry.loose ?? why); // where this browser does not have the words either, no line may say that it has
      entry.wait = Math.min(entry.wait * 2, LONGEST);
      later(entry, entry.wait);
    } finally { entry.busy = false; }
  }

  const store = {
    ...local,
    lines: { course: HOST_TEXT.saved, ...HOST_TEXT },

    async load(module, step) {
      const entry = entryOf(module, step), mine = !own || (own.module === module && own.step === step);
      const [found, there] = await Promise.all([local.load(module, step), ask(entry).catch((problem) => ({ problem }))]);
      if (entry.latest || entry.busy) return { ...found, where: entry.where ?? found.where };
      try {
        if (there.problem) throw there.problem;
        if (!mine) return { ...found, answer: reconcile(found.answer, there.answer, lastReached.get(entry.k)), where: "course" };
        const { answer, newer, damaged } = await meet(entry, found.answer, there);
        return { ...found, answer, newer: found.newer || newer, damaged: found.damaged || damaged, where: "course" };
      } catch (problem) {
        if (mine) later(entry, entry.wait);
        return { ...found, where: problem?.reason in store.lines ? problem.reason : "unreached" };
      }
    },

    async save(draft, seen) {
      const entry = entryOf(draft.module, draft.step), kept = await local.save(draft, seen);
      entry.latest = kept.answer;
      entry.loose = kept.where === "nowhere" || kept.where === "chosen" ? kept.where : undefined;
      if (!entry.busy) later(entry, channel.pause);
      return entry.loose ? { ...kept, where: entry.where === "course" ? "course" : kept.where } : kept;
    },

    watch(told, signal) {
      local.watch(told, signal);
      tellers.add(told);
      signal?.addEventListener("abort", () => tellers.delete(told));
    },

    /** Bring many answers together at once: [{module, step, here, there}]. */
    async meetAll(pairs, gone) {
      for (const { module, step, here, there } of pairs) {
        const entry = entryOf(module, step);
        if (!entry.busy && !entry.latest) await meet(entry, here, { answer: there, gone });
      }
    },

    /** Whether words wait to be carried on; and these words. */
    waiting: () => store.pending().length > 0,
    pending: () => [...entries.values()].flatMap((entry) => entry.latest ?? []),

    /** Let go of what waits: its words were erased. */
    forget() { for (const entry of entries.values()) { clearTimeout(entry.timer); entry.latest = null; } },

    /** Carry on now what waits. Answers with null when the course has it all, or why it has not; `time` in ms is waited for that. */
    flush(time) {
      return new Promise((good) => {
        const end = (why) => { clearTimeout(over); tellers.delete(told); good(why); };
        const told = (_, where) => { if (!store.waiting()) end(null); else if (where !== "course") end(where); };
        const over = setTimeout(() => end("unreached"), time);
        tellers.add(told);
        if (!store.waiting()) end(null);
        for (const entry of entries.values()) if (entry.latest) later(entry, 0);
      });
    },
  };
  const again = () => { for (const entry of entries.values()) if (entry.latest || entry.where) later(entry, 0); };
  for (const event of ["online", "ppm:online", "pagehide"]) addEventListener(event, again);
  store.inside = { ...local.inside, COPY, REACHED };
  return store;
}
