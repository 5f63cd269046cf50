/* Who is signed in, on every page, and the way out: what the course has is cleared from this browser, and of anything
   that it has not, the learner is told first. Two people at one browser never meet each other's words. */
import { COHORT_TEXT } from "./cohort_text.js";
import { bring, button, fill, h, settings, statusLine } from "./dom.js";
import { WHO, askState, openHosted, whose } from "./http.js";
import { blank, compare } from "./record.js";
import { IDS } from "./sharing.js";
import { openShelf } from "./shelf.js";
import { everything, sync } from "./sync.js";

export const HOME = COHORT_TEXT.home;
const OUT = "#sign-out";
const ENOUGH = 8000; // ms in which what waits should have reached the course

/** A page that somebody else must not see: nothing of it stays. */
export function close() {
  document.title = HOME.closed_title;
  document.body.replaceChildren(h("main", { id: "main" }, h("h1", {}, HOME.closed_title), h("p", {}, HOME.closed), h("p", {}, h("a", { class: "button", href: settings.home }, HOME.closed_open))));
}
const strange = () => whose() !== undefined && whose() !== settings.account;
addEventListener("storage", ({ key }) => { if (key === WHO && strange()) close(); });
addEventListener("pageshow", ({ persisted }) => { if (persisted && strange()) close(); });

/** Whether the course has all words of an answer. */
export function has(theirs, answer) {
  const there = theirs?.find((one) => one.module === answer.module && one.step === answer.step);
  if (!there || compare(there.revision, answer.revision) < 0) return false;
  const texts = new Set([there.text, ...there.overtaken.map((one) => one.text)]);
  return [answer.text, ...answer.overtaken.map((one) => one.text)].every((text) => blank(text) || texts.has(text));
}

/** What this browser or page has and the course, as far as we know, has not. */
async function unsaved() {
  const store = openHosted(settings);
  const { there } = await sync(settings, true);
  await store.flush(ENOUGH);
  const found = await everything(settings, true);
  const theirs = there && found.there;
  const missing = [...new Map([...found.here, ...store.pending()].map((one) => [`${one.module}/${one.step}`, one])).values()].filter((one) => !has(theirs ?? reached(store, found.here), one));
  const state = await askState(settings, true).catch(() => null);
  return { theirs, missing, here: found.here, ids: new Set(Object.values(state?.modules ?? {}).map((one) => one.shared?.id)) };
}

/** Without the course: the answers of this browser that it said it has. */
function reached(store, here) {
  const { REACHED, key } = store.inside;
  return here.filter((one) => {
    try { return !compare(JSON.parse(localStorage.getItem(REACHED + key(one.module, one.step))), one.revision); } catch { return false; }
  });
}

async function go({ theirs, here, ids }) {
  const settled = (k) => { try { return ids.has(JSON.parse(localStorage.getItem(k)).id); } catch { return true; } };
  const store = openHosted(settings), known = theirs ?? reached(store, here);
  try { localStorage.removeItem(WHO); } catch {} // first: from here on no page of this account puts words into the browser
  await openShelf(store).letGo((answer) => has(known, answer));
  for (const k of store.inside.copies.keys(IDS + store.inside.prefix)) if (settled(k)) localStorage.removeItem(k);
  document.body.replaceChildren();
  location.href = theirs ? settings.leave : settings.logout;
}

function ask(found) {
  const store = openHosted(settings), { line, say } = statusLine();
  const nothingKept = store.keepsNothing();
  const copy = async () => {
    const text = found.missing.map((one) => `${one.prompt}\n${one.text}`).join("\n\n");
    try { await navigator.clipboard.writeText(text); say(HOME.leave_copied); } catch { say(HOME.leave_not_copied); }
  };
  const title = h("h2", { id: "leave-title" }, HOME.leave_title);
  const end = () => { dialog.close?.(); dialog.remove(); };
  const dialog = h("dialog", { class: "leave", "aria-labelledby": "leave-title" }, title,
    found.missing.length ? h("p", {}, fill(HOME.leave_words, { count: found.missing.length })) : null,
    found.theirs ? null : h("p", {}, HOME.leave_unknown),
    found.missing.length ? h("p", {}, nothingKept ? HOME.leave_page : HOME.leave_keep) : null,
    h("div", { class: "buttons" }, button(HOME.leave_again, () => { end(); leave(); }, "primary"), found.missing.length ? button(HOME.leave_copy, copy) : null,
      button(HOME.leave_anyway, () => { end(); go(found); }), button(HOME.leave_stay, end)), line);
  dialog.addEventListener("close", () => { dialog.remove(); document.querySelector(".sign-out")?.focus(); });
  document.body.append(dialog);
  if (dialog.showModal) dialog.showModal(); else dialog.setAttribute("open", "");
  bring(title);
}

let busy;
export async function leave() {
  if (busy) return;
  busy = true;
  const told = document.querySelector(".account-status");
  told.textContent = HOME.leaving;
  try {
    const found = await unsaved();
    told.textContent = "";
    if (found.theirs && !found.missing.length) await go(found);
    else ask(found);
  } finally { busy = false; }
}

const bar = document.querySelector(".account-bar");
if (bar) {
  bar.querySelector(".sign-out").addEventListener("click", (event) => { event.preventDefault(); leave(); });
  if (location.hash === OUT) leave(); // from a page of an error, which has no scripts
}

/* where passwords are the course's own: the way to change one, and word of a link that a facilitator made */
async function newLink() {
  const { password } = await askState(settings);
  if (!password) return;
  const page = password.replace(/password$/, "new-link");
  const { link } = await (await fetch(page, { headers: { Accept: "application/json" }, cache: "no-store" })).json();
  if (link) bar.after(h("p", { class: "notice new-link" }, fill(HOME.new_link, link), " ", h("a", { href: page }, HOME.new_link_look), "."));
}
if (bar) newLink().catch(() => {}).finally(() => { document.documentElement.dataset.link = "ready"; });

/* words that the course no longer has, and this browser still does: erased on another device, or lost there */
export async function offerWhatIsGone(place) {
  const store = openHosted(settings), found = await everything(settings);
  const mine = found.there?.length === 0 ? reached(store, found.here).filter((one) => !blank(one.text) || one.status !== "open") : [];
  if (!mine.length || !place) return;
  const { line, say } = statusLine();
  const part = h("div", { class: "notice", role: "group", "aria-label": HOME.gone_title }, h("p", {}, h("strong", {}, HOME.gone_title)), h("p", {}, HOME.gone), h("div", { class: "buttons" },
    button(HOME.gone_erase, async () => { await openShelf(store).erase(); part.replaceChildren(line); say(HOME.gone_erased); }),
    button(HOME.gone_give, async () => {
      for (const one of mine) await store.save(one, one.revision);
      if (!(await store.flush(ENOUGH))) { part.replaceChildren(line); say(HOME.gone_given); } else say(HOME.unreached);
    })), line);
  place.before(part);
}
