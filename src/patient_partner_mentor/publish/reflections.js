/* "My reflections": every answer on one page, progress, my plan, copies, erase. And the certificate. */
import { LARGEST, difference, readCopy, writeCopy, writeText } from "./copies.js";
import { statesWith } from "./credited.js";
import { blank } from "./record.js";
import { openShelf } from "./shelf.js";
import { openStore } from "./store.js";

const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
const cohort = settings.mode === "cohort" ? window.ppm.cohort : null;
const store = cohort ? window.ppm.openHosted(settings) : openStore(settings);
const shelf = openShelf(store);
let credited = {}; // what people in a cohort count
const gather = async () => {
  if (!cohort) return shelf.all();
  credited = await cohort.credited();
  return cohort.gather();
};
const { modules } = settings;
const t = settings.reflections;
const language = document.documentElement.lang || "en";
const fill = (text, values) => (Array.isArray(text) ? text[values.count === 1 ? 0 : 1] : text).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const day = (time) => new Date(time).toLocaleDateString(language, { year: "numeric", month: "long", day: "numeric" });
const stamp = () => new Date().toISOString().slice(0, 10);
const now = () => new Date().toISOString();

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
const button = (words, click, kind = "quiet") => h("button", { type: "button", class: kind, click }, words);
const panel = (id, title, ...children) => h("section", { class: "panel no-print", id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);

const doneIn = (module, answers) => statesWith(module, answers, credited).filter((state) => state === "done").length;
const complete = (module, answers) => doneIn(module, answers) >= settings.rule.complete;

/** Hand a text to the browser's downloads. */
function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/* My reflections */
function reflections(place) {
  const status = h("p", { class: "status", role: "status" });
  const say = (text) => { status.textContent = text; };
  const progress = h("section", { id: "what-you-did" });
  const plan = h("section", { id: "my-plan" });
  const list = h("section", { id: "my-answers" });
  const trouble = h("p", { class: "status" });
  let answers = [];

  const asText = () => writeText(modules, answers, t, day(now()));
  const toRead = () => new File([`\ufeff${asText().replace(/\n/g, "\r\n")}`], `my-reflections-${stamp()}.txt`, { type: "text/plain" });
  const saveGoOn = () => { download(`my-reflections-to-go-on-${stamp()}.json`, "application/json", writeCopy(answers, settings.course, now())); say(t.kept); };
  const share = async () => {
    const file = toRead();
    try {
      await navigator.share(navigator.canShare?.({ files: [file] }) ? { files: [file], title: t.share_title } : { text: asText(), title: t.share_title });
      say(t.shared);
    } catch (error) { if (error.name !== "AbortError") say(t.not_copied); }
  };
  const keep = panel("keep-a-copy", t.keep, h("p", {}, t.keep_text), h("div", { class: "buttons" },
    navigator.share ? button(t.share, share, "primary") : null,
    button(t.copy, async () => { try { await navigator.clipboard.writeText(asText()); say(t.copied); } catch { say(t.not_copied); } }),
    button(t.read, async () => { download(`my-reflections-${stamp()}.txt`, "text/plain", await toRead().text()); say(t.kept); }),
    button(t.print, () => print()),
    button(t.go_on, saveGoOn), cohort ? button(t.erase_held, () => saveHeld()) : null));
  const saveHeld = async () => {
    try { download(`my-course-${stamp()}.json`, "application/json", JSON.stringify(await cohort.copy(), null, 1)); say(t.kept); } catch { say(t.unreached); }
  };

  const file = h("input", { type: "file", id: "bring-file", accept: ".json,application/json" });
  const preview = h("div", { "aria-live": "polite" });
  const bring = panel("bring-a-copy-in", t.bring, h("p", {}, t.bring_text), h("p", {}, h("label", { for: "bring-file" }, t.bring_choose), h("br"), file), preview);
  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    preview.replaceChildren();
    if (!chosen) return;
    const answer = (text) => preview.replaceChildren(h("p", { class: "status" }, text));
    if (chosen.size > LARGEST) { file.value = ""; return answer(t.too_big); }
    let copy;
    try { copy = readCopy(await chosen.text(), settings.course); } catch (error) {
      file.value = "";
      return answer(error.newer ? t.newer : error.other ? t.other_course : t.not_ours);
    }
    file.value = "";
    const { count, changes } = difference((await gather()).answers, copy);
    if (!changes.length) return answer(t.bring_none);
    const lines = [["new", t.bring_new], ["newer", t.bring_newer], ["older", t.bring_older], ["same", t.bring_same]];
    const yes = button(t.bring_yes, async () => {
      file.focus();
      try { await shelf.bring(changes); } catch { return answer(t.blocked); }
      await cohort?.carry();
      answer(fill(t.brought, { count: count.new + count.newer }));
      await draw();
    }, "primary");
    preview.replaceChildren(h("ul", {}, ...lines.filter(([kind]) => count[kind]).map(([kind, text]) => h("li", {}, fill(text, { count: count[kind] })))),
      h("div", { class: "buttons" }, yes, button(t.bring_no, () => { answer(t.bring_left); file.focus(); })));
    yes.focus();
  });

  const device = panel("a-shared-computer", t.device);
  const drawDevice = (said) => {
    const off = store.keepsNothing();
    const line = h("p", { role: "status" }, said ?? "");
    device.replaceChildren(device.firstChild, h("p", {}, t.device_text), h("div", { class: "buttons" }, button(off ? t.device_on : t.device_off, () => {
      store.keepNothing(!off);
      drawDevice(off ? t.device_is_on : t.device_is_off);
      device.querySelector("button").focus();
    })), line);
  };

  const erase = panel("erase", t.erase);
  const drawErase = (...children) => erase.replaceChildren(erase.firstChild, h("p", {}, t.erase_text), ...children);
  const eraseStart = () => drawErase(h("div", { class: "buttons" }, button(t.erase_start, eraseAsk)));
  const eraseAsk = () => {
    if (!answers.length && !cohort) {
      drawErase(h("p", { class: "status", role: "status" }, t.erase_none), h("div", { class: "buttons" }, button(t.erase_start, eraseAsk)));
      return erase.querySelector("button").focus();
    }
    const no = button(t.erase_no, () => { eraseStart(); erase.querySelector("button").focus(); });
    drawErase(h("div", { class: "buttons" }, h("span", {}, t.erase_copy), button(t.go_on, saveGoOn), cohort ? button(t.erase_held, saveHeld) : null),
      h("p", { id: "erase-ask", class: "status" }, fill(t.erase_ask, { count: answers.length })),
      h("div", { class: "buttons" }, h("button", { type: "button", class: "primary", "aria-describedby": "erase-ask", click: eraseDo }, t.erase_yes), no));
    no.focus();
  };
  const eraseEverywhere = async () => {
    const count = answers.length, again = () => h("div", { class: "buttons" }, button(t.erase_start, eraseAsk));
    let report;
    try { report = await cohort.eraseThere(); } catch (problem) {
      drawErase(h("p", { class: "status", role: "status" }, problem.reason === "unreached" ? t.erase_unreached : problem.message ?? t.erase_unreached), again());
      return erase.querySelector("button").focus();
    }
    await shelf.erase();
    await draw();
    const said = h("p", { class: "status", role: "status", tabindex: -1 }, fill(t.erased, { count }));
    drawErase(said, h("p", {}, fill(t.erase_removed, report.removed)), h("p", {}, t.erase_left),
      h("ul", {}, ...report.left.map((one) => h("li", {}, fill(t.erase_left_line, one)))), h("p", {}, t.erase_devices));
    said.focus();
  };
  const eraseDo = async () => {
    if (cohort) return eraseEverywhere();
    const count = answers.length;
    const removed = await shelf.erase();
    await draw();
    const undo = button(t.undo, async () => {
      await shelf.putBack(removed);
      await draw();
      drawErase(h("p", { class: "status", role: "status" }, fill(t.undone, { count })), h("div", { class: "buttons" }, button(t.erase_start, eraseAsk)));
      erase.querySelector("button").focus();
    });
    drawErase(h("p", { class: "status", role: "status" }, fill(t.erased, { count })), h("p", {}, t.undo_until), h("div", { class: "buttons" }, undo));
    undo.focus();
  };

  const words = (answer, heading) => {
    const known = modules.find((m) => m.id === answer.module);
    const index = answer.step === "next-step" ? known?.steps.length ?? -1 : known?.steps.indexOf(answer.step) ?? -1;
    const link = known && index >= 0 ? `${settings.root}notebooks/${known.name}/module.html#${answer.step === "next-step" ? "my-next-step" : `step-${index + 1}`}` : null;
    const changed = known && index >= 0 && known.hashes[index] !== answer.prompt_hash && !blank(answer.text);
    return h("div", { class: "answer", "data-module": answer.module, "data-step": answer.step }, heading ? h("h4", {}, heading) : null, h("p", { class: "prompt" }, answer.prompt),
      changed ? h("p", {}, t.changed) : null,
      answer.status === "skipped" ? h("p", {}, t.skipped) : answer.status === "other-way" ? h("p", {}, t.other_way) : null,
      blank(answer.text) ? (answer.status === "open" ? h("p", {}, t.no_answer) : null) : h("div", { class: "written", dir: "auto" }, answer.text),
      answer.overtaken.length ? h("details", {}, h("summary", {}, `${t.earlier} (${answer.overtaken.length})`), ...[...answer.overtaken].reverse().map((item) => h("div", { class: "written", dir: "auto" }, item.text))) : null,
      h("p", { class: "small no-print" }, answer.time ? `${fill(t.written_at, { date: day(answer.time) })} ` : "", link ? h("a", { href: link, "aria-label": `${t.edit}: ${heading ?? answer.prompt}` }, t.edit) : ""));
  };

  async function draw() {
    const found = await gather();
    answers = found.answers.filter((a) => a.status !== "open" || a.overtaken.length).sort((a, b) => (a.time ?? "").localeCompare(b.time ?? ""));
    trouble.textContent = found.there === null ? t.unreached : found.where === "browser" ? t.blocked : found.unreadable ? fill(t.unreadable, { count: found.unreadable }) : "";
    const total = modules.reduce((sum, m) => sum + m.steps.length, 0);
    const done = modules.reduce((sum, m) => sum + doneIn(m, answers), 0);
    progress.replaceChildren(h("h2", {}, t.progress), h("p", {}, answers.length ? fill(t.progress_all, { done, count: total, modules: modules.length }) : t.progress_none),
      h("ul", { class: "progress-list" }, ...modules.map((m) => h("li", {}, h("a", { href: `${settings.root}notebooks/${m.name}/module.html` }, fill(t.module_heading, m)),
        h("span", {}, fill(t.progress_module, { done: doneIn(m, answers), count: m.steps.length }))))),
      h("p", { class: "no-print" }, h("a", { href: `${settings.root}book/certificate.html` }, t.certificate_link)));
    const steps = answers.filter((a) => a.step === "next-step" && !blank(a.text));
    plan.replaceChildren(h("h2", {}, t.plan), !steps.length ? h("p", {}, t.plan_none) : h("ol", { class: "plan", role: "list" },
      ...modules.flatMap((m) => steps.filter((a) => a.module === m.id).map((a) => h("li", {}, h("strong", {}, fill(t.module_heading, m)), h("div", { class: "written", dir: "auto" }, a.text))))));
    const shown = new Set();
    const groups = modules.map((m) => [m, m.steps.map((step, i) => [answers.find((a) => a.module === m.id && a.step === step), m.titles[i]]).filter(([a]) => a)]);
    list.hidden = !answers.length;
    list.replaceChildren(h("h2", {}, t.answers), ...groups.filter(([, rows]) => rows.length).flatMap(([m, rows]) =>
      [h("h3", {}, fill(t.module_heading, m)), ...rows.map(([a, title]) => { shown.add(a); return words(a, title); })]));
    const others = answers.filter((a) => !shown.has(a) && !steps.includes(a) && !blank(a.text));
    if (others.length) list.append(h("h3", {}, t.others), ...others.map((a) => words(a)));
    await cohort?.decorate(progress, list, t).catch(() => {});
    document.documentElement.dataset.reflections = "ready";
  }

  drawDevice();
  eraseStart();
  place.replaceChildren(trouble, progress, plan, list, keep, status, bring, device, erase);
  store.watch(() => draw());
  addEventListener("focus", () => draw());
  addEventListener("pageshow", (event) => { if (event.persisted) draw(); });
  draw().then(() => { if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView(); });
}

/* The certificate: for taking part, and it says so. */
function certificate(place) {
  const c = settings.certificate, needed = settings.rule.certificate;
  gather().then(({ answers }) => {
    const finished = modules.filter((m) => complete(m, answers));
    if (finished.length < Math.min(needed, modules.length)) {
      place.replaceChildren(h("p", {}, fill(c.not_yet, { needed, done: finished.length })), h("p", {}, c.no_rush));
    } else {
      const shown = h("p", { class: "certificate-name" });
      const name = h("input", { type: "text", id: "certificate-name", maxlength: 80, autocomplete: "name", "aria-describedby": "certificate-hint" });
      name.addEventListener("input", () => { shown.textContent = name.value; });
      place.replaceChildren(
        h("div", { class: "no-print" }, h("p", {}, h("label", { for: "certificate-name" }, h("strong", {}, c.name_label)), h("br"), name), h("p", { class: "small", id: "certificate-hint" }, c.name_hint)),
        h("div", { class: "certificate" }, h("img", { src: `${settings.root}_static/${settings.logo}`, alt: "" }),
          h("p", { class: "certificate-title" }, c.title), shown, h("p", {}, c.says), h("p", { class: "certificate-course" }, settings.name),
          h("p", {}, fill(c.modules, { done: finished.length, count: modules.length, list: finished.map((m) => m.title).join(", ") })),
          h("p", {}, day(now())), h("p", { class: "small" }, c.stands_for), h("p", { class: "small" }, c.credit_line)),
        h("p", { class: "no-print" }, button(c.print, () => print(), "primary")));
    }
    document.documentElement.dataset.reflections = "ready";
  });
}

const mine = document.getElementById("my-reflections-place"), paper = document.getElementById("certificate-place");
if (mine) reflections(mine);
if (paper) certificate(paper);
