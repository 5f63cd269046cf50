/* What every page of the book does beside the forms: states of steps, folding, the way on, videos, light and dark,
   and working without a connection. */
import { higher } from "./credited.js";
import { openShelf } from "./shelf.js";
import { lastPlace, setPlace } from "./place.js";
import { drawOverview, drawStart } from "./start.js";
import { openStore } from "./store.js";
const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
const words = settings.words;
const store = openStore(settings);
const all = (query, root = document) => [...root.querySelectorAll(query)];
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/* light and dark */
const themes = ["auto", "light", "dark"];
for (const button of all(".theme-switch")) {
  const label = button.querySelector(".theme-words");
  const name = label.textContent;
  const draw = () => { label.textContent = `${name}: ${button.dataset[document.documentElement.dataset.theme ?? "auto"]}`; };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % themes.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try { next === "auto" ? localStorage.removeItem("ppm:theme") : localStorage.setItem("ppm:theme", next); } catch {}
    draw();
  });
  draw();
}

/* the menu closes by itself */
for (const menu of all("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("focusout", ({ relatedTarget }) => { if (relatedTarget && !menu.contains(relatedTarget)) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
}

/* videos: nothing is asked of YouTube before the button is pressed */
const wait = 8000; // ms until a video that did not answer is called missing
for (const box of all(".video")) {
  const { video, start, title } = box.dataset;
  const status = make("p", { className: "video-status" });
  status.setAttribute("role", "status");
  box.after(status);
  const button = make("button", { type: "button", className: "video-button" }, words.show_video);
  button.setAttribute("aria-label", `${title}. ${words.show_video}`);
  button.addEventListener("click", () => {
    const origin = "https://www.youtube-nocookie.com";
    const frame = make("iframe", { title, allow: "encrypted-media; picture-in-picture; fullscreen", referrerPolicy: "strict-origin-when-cross-origin" });
    frame.allowFullscreen = true;
    frame.src = `${origin}/embed/${video}?start=${start}&cc_load_policy=1&cc_lang_pref=en&hl=en&rel=0&enablejsapi=1`;
    status.textContent = words.video_wait;
    const ask = setInterval(() => frame.contentWindow?.postMessage(JSON.stringify({ event: "listening", id: video }), origin), 500);
    const over = setTimeout(() => { clearInterval(ask); status.textContent = words.video_trouble; }, wait);
    const heard = (event) => {
      if (event.origin !== origin || event.source !== frame.contentWindow) return;
      clearInterval(ask); clearTimeout(over); removeEventListener("message", heard);
      status.textContent = words.video_ready;
    };
    addEventListener("message", heard);
    box.replaceChildren(frame);
    box.classList.add("video-open");
    frame.focus();
  });
  box.append(button);
}

/* a module's steps */
const list = document.querySelector(".step-list");
const stateOf = new Map(), credited = new Map();
const stateNow = (step) => higher(stateOf.get(step) ?? "open", credited.get(step));
const sections = new Map();
const drawStates = () => {
  for (const item of all("[data-step]", list)) {
    const state = stateNow(item.dataset.step);
    item.dataset.state = state;
    item.querySelector(".step-state").textContent = words[`state_${state}`];
  }
  const count = [...sections.keys()].filter((step) => stateNow(step) === "done").length;
  for (const line of all(".module-progress")) line.textContent = fill(words.done_count, { done: count, count: sections.size });
};
const fold = (section, step) => {
  const body = make("div", { className: "step-body" });
  const heading = section.querySelector("h2");
  while (heading.nextSibling) body.append(heading.nextSibling);
  const state = make("span", { className: "step-fold-state" }, words.state_done);
  const open = make("button", { type: "button", className: "quiet" }, words.open_step);
  open.setAttribute("aria-label", `${words.open_step}: ${heading.querySelector(".step-title").textContent}`);
  const line = make("p", { className: "step-fold" }, state, " ", open);
  heading.tabIndex = -1;
  const unfold = (focus) => { body.hidden = false; line.remove(); if (focus) heading.focus(); }; // where reading goes on, and in sight
  open.addEventListener("click", () => unfold(true));
  body.addEventListener("beforematch", () => unfold(false));
  section.append(line, body);
  body.hidden = true;
  if ("onbeforematch" in body) body.setAttribute("hidden", "until-found");
  section.unfold = unfold;
};
const unfoldTarget = () => { const target = document.getElementById(location.hash.slice(1)); target?.closest("section")?.unfold?.(false); target?.scrollIntoView(); };

if (list) {
  for (const item of all("[data-step]", list)) {
    const section = document.querySelector(item.querySelector("a").getAttribute("href"))?.closest("section");
    if (section) sections.set(item.dataset.step, section);
  }
  document.addEventListener("ppm:forms-ready", () => {
    for (const [step, section] of sections) if (stateOf.get(step) === "done") fold(section, step);
    if (location.hash) unfoldTarget();
  }, { once: true });
  for (const kind of ["ppm:ready", "ppm:answer", "ppm:finished"]) {
    document.addEventListener(kind, ({ detail }) => { stateOf.set(detail.step, detail.state); drawStates(); });
  }
  for (const kind of ["ppm:answer", "ppm:finished"]) {
    document.addEventListener(kind, ({ detail }) => { setPlace(store, { module: detail.module, step: detail.step }); });
  }
  document.addEventListener("ppm:finished", ({ target, detail }) => target.closest("section")?.classList.toggle("step-finished", detail.state === "done"));
  document.addEventListener("ppm:credited", ({ detail }) => { // a cohort's page says which steps people count
    for (const [step, { state }] of Object.entries(detail)) credited.set(step, state);
    drawStates();
  });
  addEventListener("hashchange", unfoldTarget);
  if (!lastPlace(store)) setPlace(store, { module: list.dataset.module, step: [...sections.keys()][0] });
}

/* where the course's own server runs the modules as apps too, it says so with a cookie */
const apps = settings.app && document.cookie.split("; ").includes(`ppm-apps=${location.port}`);
if (apps && document.getElementById("my-reflections-place")) {
  document.getElementById("my-reflections-place").before(make("p", { className: "app-link" }, make("a", { href: `${settings.root}../apps/notebooks/apps/portfolio.html` }, words.app_portfolio)));
}
if (list && apps) {
  const link = make("a", { href: settings.root + "../apps/notebooks/" + settings.modules.find((m) => m.id === list.dataset.module).name + "/module.html" }, words.app_open);
  document.querySelector(".module-opening").after(make("p", { className: "app-link" }, link, " ", make("span", { className: "small" }, words.app_note)));
}

/* welcome: start, or continue where I stopped; a cohort's pages draw it themselves, when they have asked the course */
const start = document.querySelector(".course-start"), overview = document.querySelector(".course-modules");
if ((start || overview) && settings.mode !== "cohort") {
  openShelf(store).all().then(({ answers }) => {
    drawOverview(overview, settings, answers);
    drawStart(start, settings, answers, lastPlace(store));
  });
}

/* search: the policy allows no form to be sent anywhere, so the words go into the address here */
for (const form of all(".search-form")) {
  const box = form.querySelector("input");
  box.value = new URLSearchParams(location.search).get("q") ?? "";
  form.addEventListener("submit", (event) => { event.preventDefault(); location.href = `${form.dataset.search}?q=${encodeURIComponent(box.value)}`; });
}
// from disk, a page may not read another one for its summary
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

/* without a connection: begins when the forms are ready, so that it never slows them */
const status = document.querySelector(".offline-status");
const connection = () => { status.textContent = navigator.onLine ? "" : status.dataset.now; };
addEventListener("online", connection);
addEventListener("offline", connection);
if (!navigator.onLine) connection();
const offline = async () => {
  if (settings.mode === "cohort" || !("serviceWorker" in navigator) || !location.protocol.startsWith("http")) return;
  try {
    const held = Boolean(navigator.serviceWorker.controller);
    await navigator.serviceWorker.register(`${settings.root}sw.js`, { scope: settings.root || "./", updateViaCache: "none" });
    await navigator.serviceWorker.ready;
    if (!held && navigator.onLine) status.textContent = status.dataset.ready;
    document.documentElement.dataset.offline = "ready";
  } catch {} // a browser without service workers, or a private window: the course works, with a connection
};
const begin = () => (document.readyState === "complete" ? offline() : addEventListener("load", offline, { once: true }));
if (document.querySelector(".form-place") && document.documentElement.dataset.forms !== "ready") document.addEventListener("ppm:forms-ready", begin, { once: true });
else begin();
