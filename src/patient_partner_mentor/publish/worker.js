/* Serves the course without a connection. One edition of the book is one cache, filled whole before it is used, so a
   page never meets scripts of another edition; scripts and styles carry their content in their names besides. A file is
   kept only where it is what the edition lists: hosts and captive portals answer with a page of theirs and 200, too. */
const EDITION = "__EDITION__";
const FILES = __FILES__; // and of each the first letters of its SHA-256
const PREFIX = `ppm-book-${self.registration.scope}-`;
const CACHE = PREFIX + EDITION;
const PATIENCE = 4000; // ms for a page to come from the network before the kept one is shown
const hashes = new Map(Object.entries(FILES).map(([file, hash]) => [new URL(file, self.registration.scope).href, hash]));

/** The answer if it is the file that the edition lists under this address, else nothing. */
async function genuine(answer, address) {
  if (!answer || answer.status !== 200 || answer.redirected) return null;
  const digest = await crypto.subtle.digest("SHA-256", await answer.clone().arrayBuffer());
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hash.startsWith(hashes.get(address)) ? answer : null;
}

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    for (const address of hashes.keys()) {
      const asked = await fetch(new Request(address, { cache: "no-cache", credentials: "same-origin" }));
      const answer = await genuine(asked, address);
      if (!answer) throw new Error(`The offline copy is not complete: ${address}`);
      await cache.put(address, answer);
    }
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

/** The kept file. One that was kept wrongly is let go. */
async function kept(address) {
  const cache = await caches.open(CACHE), found = await cache.match(address);
  const answer = await genuine(found, address);
  if (found && !answer) await cache.delete(address);
  return answer;
}

/** The kept file, or what the network has; the right one is kept again. */
async function file(request, address) {
  const before = await kept(address);
  if (before) return before;
  const asked = await fetch(request);
  const answer = await genuine(asked, address);
  if (answer) await (await caches.open(CACHE)).put(address, answer.clone());
  return asked;
}

async function page(request, address) {
  const fresh = fetch(request).catch(() => null);
  const late = new Promise((done) => setTimeout(done, PATIENCE, null));
  const answer = await Promise.race([fresh, late]);
  if (answer && answer.status < 500) return answer;
  return (await kept(address)) ?? (await fresh) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === new URL(self.registration.scope).pathname) url.pathname += "index.html";
  const address = url.origin + url.pathname;
  if (!hashes.has(address)) return;
  event.respondWith(request.mode === "navigate" ? page(request, address) : file(request, address));
});
