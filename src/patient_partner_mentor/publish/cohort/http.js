/* The course service as the place where a cohort's answers are kept: over HTTP, under the signed-in account. */
import { hosted } from "./remote.js";
import { openStore } from "./store.js";

const FRESH = 1500; // ms for which one request for all answers serves every form of a page
const LARGEST_KEPT_ALIVE = 60000; // bytes: a browser finishes a request of a closed page up to 64 kB

/** One request to the service; what it refuses is thrown as {reason, message}. */
export async function call(settings, method, path, body) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
  const text = body === undefined ? undefined : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(settings.api + path, {
      method, body: text, credentials: "same-origin", cache: "no-store", redirect: "error", keepalive: (text?.length ?? 0) * 3 < LARGEST_KEPT_ALIVE && method !== "GET",
      headers: { "Content-Type": "application/json", "X-XSRFToken": decodeURIComponent(token) },
    });
  } catch { throw { reason: "unreached" }; }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  throw { reason: answer.status === 401 || answer.status === 403 ? "signed_out" : { 413: "refused", 422: "refused", 507: "full" }[answer.status] ?? data.reason ?? "unreached", message: data.message, status: answer.status };
}

const stores = new Map();

/** The store of a signed-in learner: this browser's, and behind it the service. One a page, for all forms. */
export function openHosted(settings) {
  if (stores.has(settings.api)) return stores.get(settings.api);
  let asked, at = 0;
  const all = () => {
    if (!asked || Date.now() - at > FRESH) { at = Date.now(); asked = call(settings, "GET", "journal"); asked.catch(() => { asked = null; }); }
    return asked;
  };
  const answersOf = (journals) => Object.values(journals).flatMap((journal) => [...journal.answers, ...(journal.next_step ? [journal.next_step] : [])]);
  const channel = {
    pause: 600,
    async load(module, step) {
      const { journals } = await all();
      return { answer: answersOf(journals).find((one) => one.module === module && one.step === step) };
    },
    async save(answer, seen) {
      asked = null;
      return call(settings, "PUT", `journal/${answer.module}/${answer.step}`, { answer, seen });
    },
  };
  const store = hosted(openStore(settings), channel);
  store.all = async () => answersOf((await all()).journals);
  stores.set(settings.api, store);
  return store;
}
