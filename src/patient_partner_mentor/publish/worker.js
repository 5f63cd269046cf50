/* Serves the course without a connection. One edition of the book is one cache, filled whole before it is used, so a
   page never meets scripts of another edition; scripts and styles carry their content in their names besides. Only
   listed files that answered 200 are kept: no tokens, no apps, no answers. */
const EDITION = "__EDITION__";
const FILES = __FILES__;
const PREFIX = `ppm-book-${self.registration.scope}-`;
const CACHE = PREFIX + EDITION;
const PATIENCE = 4000; // ms for a page to come from the network before the kept one is shown
const known = new Set(FILES.map((file) => new URL(file, self.registration.scope).pathname));

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    for (const file of FILES) {
      const answer = await fetch(new Request(file, { cache: "no-cache", credentials: "same-origin" }));
      if (answer.status !== 200 || answer.redirected) throw new Error(`The offline copy is not complete: ${file}`);
      await cache.put(file, answer);
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

const kept = async (url) => (await caches.open(CACHE)).match(url.origin + url.pathname);

async function page(request, url) {
  const fresh = fetch(request).catch(() => null);
  const late = new Promise((done) => setTimeout(done, PATIENCE, null));
  const answer = await Promise.race([fresh, late]);
  if (answer && answer.status < 500) return answer;
  return (await kept(url)) ?? (await fresh) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === new URL(self.registration.scope).pathname) url.pathname += "index.html";
  if (!known.has(url.pathname)) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request, url));
  else event.respondWith(kept(url).then((answer) => answer ?? fetch(event.request)));
});
