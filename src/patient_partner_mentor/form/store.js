/* Keeps answers on this device: IndexedDB with strict durability, and a copy in localStorage that is there at once.
   Measured with the browser killed by kill -9: localStorage alone lost up to 30 seconds, strict IndexedDB nothing. */
import { TABLE, database } from "./database.js";
import { SCHEMA, compare, merge, readAnswer, settle } from "./record.js";

const COPY = "ppm:answer:", KEEP = "ppm:keep-nothing", PLACE = "ppm:place:", CHANGED = "ppm:changed:";
const PATIENCE = 3000; // ms

const request = (asked) => new Promise((good, bad) => {
  asked.onsuccess = () => good(asked.result);
  asked.onerror = () => bad(asked.error);
});

/** @param {{deployment: string, course: string, account: string}} owner whose answers these are */
export function openStore(owner) {
  const prefix = [owner.deployment, owner.course, owner.account].map(encodeURIComponent).join("/") + "/";
  const key = (module, step) => `${prefix}${module}/${step}`;

  /** Run one transaction; it is over, and on disk, when the promise is. */
  async function transact(mode, work) {
    const base = await database();
    return new Promise((good, bad) => {
      const all = base.transaction(TABLE, mode, { durability: "strict" });
      let result;
      all.oncomplete = () => good(result);
      all.onerror = all.onabort = () => bad(all.error);
      work(all.objectStore(TABLE)).then((value) => { result = value; }, (error) => { try { all.abort(); } catch {} bad(error); });
    });
  }

  /** What stands under a key: the answer, or why there is none to read. */
  function understand(data) {
    if (data === undefined || data === null) return {};
    try { return { answer: readAnswer(data) }; } catch (error) { return error.newer ? { newer: true } : { damaged: data }; }
  }

  const copies = {
    get(k) { try { const text = localStorage.getItem(COPY + k); return text === null ? undefined : JSON.parse(text); } catch { return undefined; } },
    put(k, data) { try { localStorage.setItem(COPY + k, JSON.stringify(data)); return true; } catch { copies.drop(k); return false; } },
    drop(k) { try { localStorage.removeItem(COPY + k); } catch {} },
    keys(start) { try { return Object.keys(localStorage).filter((k) => k.startsWith(start)); } catch { return []; } },
  };

  const together = (a, b) => (a && b ? merge(a, b) : a ?? b);

  async function update(k, decide) {
    return transact("readwrite", async (table) => {
      let place = k;
      let found = understand(await request(table.get(place)));
      if (found.newer) { place = `${k}~${SCHEMA}`; found = understand(await request(table.get(place))); }
      if (found.damaged !== undefined) await request(table.put(found.damaged, `${place}!damaged-${Date.now()}`));
      const answer = decide(found.answer);
      if (answer) await request(table.put(answer, place));
      return { answer, newer: place !== k };
    });
  }

  /** A database that never answers is as good as none: the copy stands in, and the learner is told. */
  const within = (promise) => Promise.race([promise, new Promise((_, late) => setTimeout(late, PATIENCE))]);

  const store = {
    /** True when this learner chose that nothing is kept on this device. */
    keepsNothing() { try { return localStorage.getItem(KEEP) !== null; } catch { return false; } },
    keepNothing(yes) { try { yes ? localStorage.setItem(KEEP, "yes") : localStorage.removeItem(KEEP); return true; } catch { return false; } },

    /** The copy that can be read at once, before the database answers. */
    glance(module, step) { return understand(copies.get(key(module, step))).answer; },

    /** The answer to a step. `where` is "device", or "browser" when only the weaker copy can be read. */
    async load(module, step) {
      const k = key(module, step), copy = understand(copies.get(k)).answer;
      try {
        const state = {};
        const { answer, newer } = await within(transact("readonly", async (table) => {
          let found = understand(await request(table.get(k)));
          const newer = Boolean(found.newer);
          if (newer) found = understand(await request(table.get(`${k}~${SCHEMA}`)));
          state.damaged = found.damaged !== undefined;
          return { answer: found.answer, newer };
        }));
        return { answer: together(answer, copy), newer, where: "device", ...state };
      } catch { return { answer: copy, newer: false, where: "browser" }; }
    },

    /** Put a draft into the copy at once, while a save of an earlier one is still under way. */
    jot(draft, seen) {
      const k = key(draft.module, draft.step), before = understand(copies.get(k));
      if (store.keepsNothing() || before.newer) return { copy: draft, kept: false, before: before.answer };
      const copy = settle(before.answer, draft, seen);
      return { copy, kept: copies.put(k, copy), before: before.answer };
    },

    /** Keep a draft whose writer had last seen the revision `seen`. Answers what was kept and where:
        "device" (safe), "browser" (the weaker copy only), "nowhere" (storage is full or blocked), "chosen" (asked not to keep). */
    async save(draft, seen) {
      if (store.keepsNothing()) return { answer: draft, where: "chosen" };
      const k = key(draft.module, draft.step), { copy, kept, before } = store.jot(draft, seen);
      try {
        const { answer, newer } = await within(update(k, (stored) => settle(together(stored, kept ? undefined : before), copy, seen)));
        const now = kept && understand(copies.get(k)).answer;
        if (now && compare(now.revision, answer.revision) < 0) copies.put(k, answer);
        return { answer, newer, where: "device" };
      } catch { return { answer: copy, where: kept ? "browser" : "nowhere" }; }
    },

    /** Call `told(k)` when another window of this browser has changed an answer of this owner, or all of them (no k). */
    watch(told, signal) {
      addEventListener("storage", (event) => {
        if (event.key === null || event.key === CHANGED + prefix) told();
        else if (event.key.startsWith(COPY + prefix)) told(event.key.slice(COPY.length + prefix.length));
      }, { signal });
    },
  };
  return Object.assign(store, { inside: { CHANGED, COPY, PLACE, copies, key, prefix, request, together, transact, understand, update, within } }); // for shelf.js
}
