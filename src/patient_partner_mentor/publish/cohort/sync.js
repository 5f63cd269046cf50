/* On every page of a cohort: what this account wrote on another device is brought in, and what waits here is carried on. */
import { openHosted } from "./http.js";
import { openShelf } from "./shelf.js";

window.ppm.openHosted = openHosted; // for the loader of the forms

/** Bring this browser and the account together. Answers whether the course could be reached. */
export const synced = (async () => {
  const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
  const store = openHosted(settings);
  try {
    const [there, { answers: here }] = await Promise.all([store.all(), openShelf(store).all()]);
    const pairs = new Map();
    for (const one of there) pairs.set(`${one.module}/${one.step}`, { module: one.module, step: one.step, there: one });
    for (const one of here) pairs.set(`${one.module}/${one.step}`, { ...pairs.get(`${one.module}/${one.step}`), module: one.module, step: one.step, here: one });
    await store.meetAll([...pairs.values()]);
    dispatchEvent(new StorageEvent("storage", { key: null }));
    return true;
  } catch { return false; }
})();
