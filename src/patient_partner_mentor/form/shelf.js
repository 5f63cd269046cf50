/* What is done with all answers at once: read, bring in, erase, put back. */

/** @param store one that ``openStore`` gave */
export function openShelf(store) {
  const { CHANGED, COPY, PLACE, REACHED, copies, key, prefix, request, together, transact, understand, update, within } = store.inside;
  const tell = () => { try { localStorage.setItem(CHANGED + prefix, String(Math.random())); } catch {} };
  return {
    /** Every answer of this owner, and how many entries could not be read. */
    async all() {
      const found = new Map();
      let unreadable = 0, where = "device";
      const add = (k, data) => {
        if (k.includes("!damaged-")) return;
        const seen = understand(data);
        if (seen.newer || seen.damaged !== undefined) { unreadable += 1; return; }
        if (seen.answer) { const name = `${seen.answer.module}/${seen.answer.step}`; found.set(name, together(found.get(name), seen.answer)); }
      };
      try {
        await within(transact("readonly", async (table) => {
          const range = IDBKeyRange.bound(prefix, prefix + "\uffff");
          const [keys, values] = await Promise.all([request(table.getAllKeys(range)), request(table.getAll(range))]);
          keys.forEach((k, i) => add(k, values[i]));
        }));
      } catch { where = "browser"; }
      for (const k of copies.keys(COPY + prefix)) add(k.slice(COPY.length), copies.get(k.slice(COPY.length)));
      return { answers: [...found.values()], unreadable, where };
    },

    /** Bring answers in: each is merged with what is here, so that an older one never wins. */
    async bring(answers) {
      for (const one of answers) {
        const k = key(one.module, one.step);
        const copy = understand(copies.get(k)).answer;
        const { answer } = await update(k, (stored) => together(together(stored, copy), one));
        copies.put(k, answer);
      }
      tell();
    },

    /** Take everything of this owner away, and give it back as data for an undo. */
    async erase() {
      const entries = [];
      const range = () => IDBKeyRange.bound(prefix, prefix + "\uffff");
      try {
        entries.push(...await within(transact("readwrite", async (table) => {
          const [keys, values] = await Promise.all([request(table.getAllKeys(range())), request(table.getAll(range()))]);
          await request(table.delete(range()));
          return keys.map((k, i) => [k, values[i]]);
        })));
      } catch {}
      const texts = [COPY, PLACE, ...(REACHED ? [REACHED] : [])].flatMap((start) => copies.keys(start + prefix)).map((k) => [k, localStorage.getItem(k)]);
      texts.forEach(([k]) => localStorage.removeItem(k));
      tell();
      return { entries, texts };
    },

    /** Take away each answer that is kept elsewhere too, as `has(answer)` says. What is left stays as it is.
        @returns the answers that are left */
    async letGo(has) {
      const left = new Map(), gone = (data) => { const { answer } = understand(data); return Boolean(answer && has(answer)); };
      const keep = (k, data) => { const { answer } = understand(data); left.set(k, answer ?? null); };
      await within(transact("readwrite", async (table) => {
        const range = IDBKeyRange.bound(prefix, prefix + "\uffff");
        const [keys, values] = await Promise.all([request(table.getAllKeys(range)), request(table.getAll(range))]);
        for (const [i, k] of keys.entries()) if (gone(values[i])) await request(table.delete(k)); else keep(k, values[i]);
      })).catch(() => {});
      for (const full of copies.keys(COPY + prefix)) {
        const k = full.slice(COPY.length);
        if (gone(copies.get(k))) copies.drop(k); else keep(k, copies.get(k));
      }
      for (const full of [...copies.keys(REACHED + prefix), ...copies.keys(CHANGED + prefix), ...copies.keys(PLACE + prefix)]) {
        if (!left.has(full.slice(REACHED.length)) || !full.startsWith(REACHED)) localStorage.removeItem(full);
      }
      return [...left.values()];
    },

    /** Put back what an erase took away; what was written since then is merged, not overwritten. */
    async putBack({ entries, texts }) {
      const asides = entries.filter(([k]) => k.includes("!damaged-"));
      if (asides.length) await transact("readwrite", async (table) => { for (const [k, data] of asides) await request(table.put(data, k)); });
      for (const [k, data] of entries.filter(([k]) => !k.includes("!damaged-"))) {
        const { answer } = understand(data);
        if (answer) await update(k, (stored) => together(stored, answer));
        else await transact("readwrite", (table) => request(table.put(data, k)));
      }
      for (const [k, text] of texts) try { if (localStorage.getItem(k) === null) localStorage.setItem(k, text); } catch {}
      tell();
    },
  };
}
