/* The place where the learner was last, {module, step}. It is kept in this browser, and only if anything is. */
const keyOf = ({ inside }) => inside.PLACE + inside.prefix;

/** The place, or null. */
export const lastPlace = (store) => { try { return JSON.parse(localStorage.getItem(keyOf(store))); } catch { return null; } };

/** Keep another place. */
export function setPlace(store, place) { if (!store.keepsNothing()) try { localStorage.setItem(keyOf(store), JSON.stringify(place)); } catch {} }
