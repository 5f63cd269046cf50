/* On every page of a cohort: what this account wrote on another device is brought in, and what waits here is carried on. */
import { openHosted } from "./http.js";
import { compare, merge } from "./record.js";
import { openShelf } from "./shelf.js";

window.ppm.beside = { open: openHosted, isShared: (question) => window.ppm.isShared?.(question) }; // for the loader of the forms; a later script says what is shared

/** Every answer of this account, from this browser and from the course.
    @returns {answers, where, unreadable, here, there}: `there` are the course's own, or null where it cannot be reached */
export async function everything(settings, anew) {
  const store = openHosted(settings);
  const [found, there] = await Promise.all([openShelf(store).all(), store.all(anew).catch(() => null)]);
  const all = new Map();
  for (const one of [...found.answers, ...(there ?? []), ...store.pending()]) {
    const name = `${one.module}/${one.step}`;
    all.set(name, all.has(name) ? merge(all.get(name), one) : one);
  }
  return { ...found, here: found.answers, there, answers: [...all.values()] };
}

/** Bring this browser and the account together. Answers with `everything` as it was before. */
export async function sync(settings, anew) {
  const store = openHosted(settings), found = await everything(settings, anew);
  if (!found.there) return found;
  const pairs = new Map();
  for (const one of found.there) pairs.set(`${one.module}/${one.step}`, { module: one.module, step: one.step, there: one });
  for (const one of found.here) pairs.set(`${one.module}/${one.step}`, { ...pairs.get(`${one.module}/${one.step}`), module: one.module, step: one.step, here: one });
  const news = [...pairs.values()].some(({ here, there }) => there && (!here || compare(there.revision, here.revision) > 0));
  await store.meetAll([...pairs.values()], !found.there.length);
  if (news) dispatchEvent(new StorageEvent("storage", { key: null }));
  return found;
}

/** The first time that this page brings the two together. Answers whether the course could be reached. */
export const synced = sync(JSON.parse(document.getElementById("ppm-settings").textContent)).then(({ there }) => there !== null, () => false);
