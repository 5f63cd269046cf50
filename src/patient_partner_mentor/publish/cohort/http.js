/* The course service as the place where a cohort's answers are kept: over HTTP, under the signed-in account. */
import { hosted } from "./remote.js";
import { openStore } from "./store.js";

const FRESH = 1500; // ms for which one request for all answers serves every form of a page
const GIVEN_UP = 20000; // ms until a request that is not answered is given up
const LARGEST_KEPT_ALIVE = 60000; // bytes: a browser finishes a request of a closed page up to 64 kB
export const WHO = "ppm:who"; // whose pages are open in this browser; nobody's after a sign-out

/** Whose pages are open in this browser; undefined where the browser tells nothing. */
export const whose = () => { try { return localStorage.getItem(WHO); } catch { return undefined; } };

/** One request to the service; what it refuses is thrown as {reason, message}. */
export async function call(settings, method, path, body) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
  const text = body === undefined ? undefined : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(settings.api + path, {
      method, body: text, credentials: "same-origin", cache: "no-store", redirect: "error", keepalive: (text?.length ?? 0) * 3 < LARGEST_KEPT_ALIVE && method !== "GET",
      signal: AbortSignal.timeout?.(GIVEN_UP),
      headers: { "Content-Type": "application/json", "X-XSRFToken": decodeURIComponent(token), "X-PPM-Account": encodeURIComponent(settings.account) },
    });
  } catch { throw { reason: "unreached" }; }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  throw { reason: answer.status === 401 || answer.status === 403 ? "signed_out" : { 413: "refused", 422: "refused", 507: "full" }[answer.status] ?? data.reason ?? "unreached", message: data.message, status: answer.status };
}

const answered = new Map();

/** What the course says of this account: modules, consent, terms. Asked once a page, and anew if told so. */
export function askState(settings, anew) {
  if (anew || !answered.has(settings.api)) {
    const asked = call(settings, "GET", "state");
    answered.set(settings.api, asked);
    asked.catch(() => answered.delete(settings.api));
  }
  return answered.get(settings.api);
}

const stores = new Map();

/** The store of a signed-in learner: this browser's, and behind it the service. One a page, for all forms. */
export function openHosted(settings) {
  if (stores.has(settings.api)) return stores.get(settings.api);
  try { localStorage.setItem(WHO, settings.account); } catch {}
  let asked, at = 0;
  const all = () => {
    if (!asked || Date.now() - at > FRESH) { at = Date.now(); asked = call(settings, "GET", "journal"); asked.catch(() => { asked = null; }); }
    return asked;
  };
  const answersOf = (journals) => Object.values(journals).flatMap((journal) => [...journal.answers, ...(journal.next_step ? [journal.next_step] : [])]);
  const channel = {
    pause: 600,
    closed: () => whose() !== undefined && whose() !== settings.account,
    async load(module, step) {
      const answers = answersOf((await all()).journals);
      return { answer: answers.find((one) => one.module === module && one.step === step), gone: !answers.length };
    },
    async save(answer, seen) {
      asked = null;
      return call(settings, "PUT", `journal/${answer.module}/${answer.step}`, { answer, seen });
    },
  };
  const store = hosted(openStore(settings), channel);
  store.all = async (anew) => { if (anew) asked = null; return answersOf((await all()).journals); };
  stores.set(settings.api, store);
  return store;
}
