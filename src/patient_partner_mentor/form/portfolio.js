/* The portfolio: what the journal and this browser hold of one learner, on one page, with copies to take along. */
import { writeCopy, writeText } from "./copies.js";
import { states } from "./credit.js";
import { PORTFOLIO_TEXT } from "./portfolio_text.js";
import { blank } from "./record.js";
import { reconcile } from "./remote.js";
import { openShelf } from "./shelf.js";
import { openStore } from "./store.js";
import { talk } from "./talk.js";

const WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", SVG = "http://www.w3.org/2000/svg";
const PATIENT = 4000; // ms until the page goes on without the journal
const t = (key, values = {}) => PORTFOLIO_TEXT[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const longDay = (time) => new Date(time).toLocaleDateString(document.documentElement.lang || "en", { year: "numeric", month: "long", day: "numeric" });

function make(tag, attributes = {}, ...children) {
  const element = ["svg", "rect", "path"].includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
const written = (text) => make("div", { class: "written", dir: "auto" }, text);

/** Hand data to the browser's downloads. */
function hand(name, type, data) {
  const address = URL.createObjectURL(new Blob([data], { type }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** A row of boxes a module, one a step, beside the same in words. */
function picture(modules, answers) {
  const size = 24, gap = 7, rows = modules.map((module) => [module, states(module, answers)]);
  const count = (all, state) => all.filter((one) => one === state).length, all = rows.flatMap(([, found]) => found);
  const draw = (found) => {
    const svg = make("svg", { viewBox: `0 0 ${found.length * (size + gap)} ${size}`, class: "portfolio-picture", "aria-hidden": "true" });
    found.forEach((state, i) => {
      const x = i * (size + gap) + 1;
      svg.append(make("rect", { x, y: 1, width: size - 2, height: size - 2, rx: 5, class: `portfolio-box portfolio-${state}` }));
      if (state === "begun") svg.append(make("path", { d: `M${x} ${size / 2} h${size - 2} v${size / 2 - 2} h-${size - 2} z`, class: "portfolio-half" }));
    });
    return svg;
  };
  return make("section", { id: "my-steps" }, make("h2", {}, t("picture_title")), make("p", {}, t("picture_text", { done: count(all, "done"), begun: count(all, "begun"), count: all.length })),
    make("ol", { class: "portfolio-words", role: "list" }, ...rows.map(([module, found]) => make("li", {}, draw(found),
      make("span", {}, t("picture_module", { number: module.number, title: module.title, done: count(found, "done"), count: found.length }))))),
    make("p", { class: "small" }, t("legend")));
}

function thenAndNow(pairs, find) {
  const rows = pairs.filter(({ now }) => !blank(find(now)?.text ?? ""));
  if (!rows.length) return null;
  const side = (key, place) => make("div", { class: "portfolio-side" }, make("h4", {}, t(key, place)), find(place) && !blank(find(place).text) ? written(find(place).text) : make("p", {}, t("not_then")));
  return make("section", { id: "then-and-now" }, make("h2", {}, t("then_now")), make("p", {}, t("then_now_text")),
    ...rows.map((pair) => make("div", { class: "portfolio-pair" }, make("h3", {}, pair.title), make("p", { class: "prompt" }, find(pair.now).prompt), side("then", pair.then), side("now", pair.now))));
}

function planOf(modules, find) {
  const lines = modules.map((module) => [module, find({ module: module.id, step: "next-step" })]).filter(([, one]) => one && !blank(one.text));
  return make("section", { id: "my-plan" }, make("h2", {}, t("plan")), lines.length
    ? make("ol", { class: "plan", role: "list" }, ...lines.map(([module, one]) => make("li", {}, make("strong", {}, t("module_heading", module)), written(one.text))))
    : make("p", {}, t("plan_none")));
}

function answersOf(modules, answers, find) {
  const known = new Set();
  const show = (one, title) => {
    known.add(one);
    return make("div", { class: "answer" }, make("h4", {}, title), make("p", { class: "prompt" }, one.prompt),
      one.status === "skipped" ? make("p", {}, t("skipped")) : one.status === "other-way" ? make("p", {}, t("other_way")) : null,
      blank(one.text) ? null : written(one.text), one.time ? make("p", { class: "small" }, t("written_at", { date: longDay(one.time) })) : null);
  };
  const parts = modules.flatMap((module) => {
    const rows = module.steps.map((step, i) => [find({ module: module.id, step }), module.titles[i]]).filter(([one]) => one && (one.status !== "open"));
    return rows.length ? [make("h3", {}, t("module_heading", module)), ...rows.map(([one, title]) => show(one, title))] : [];
  });
  const others = answers.filter((one) => !known.has(one) && one.step !== "next-step" && !blank(one.text));
  if (others.length) parts.push(make("h3", {}, t("others")), ...others.map((one) => show(one, one.prompt)));
  return make("section", { id: "my-answers" }, make("h2", {}, t("answers")), ...parts);
}

export const portfolio = {
  async render({ model, el, signal }) {
    const course = model.get("course"), settings = model.get("settings"), ask = talk(model);
    const store = openStore(settings), shelf = openShelf(store), place = make("div", { class: "portfolio" });
    const status = make("p", { class: "status", role: "status" }), body = make("div");
    let answers = [];

    async function gather() {
      const waited = new Promise((_, no) => setTimeout(no, PATIENT));
      const [here, there] = await Promise.all([shelf.all(), Promise.race([ask({ kind: "all" }), waited]).catch(() => null)]);
      status.textContent = there ? "" : t("unreached");
      const both = new Map(here.answers.map((one) => [`${one.module}/${one.step}`, one]));
      for (const one of there?.answers ?? []) both.set(`${one.module}/${one.step}`, reconcile(both.get(`${one.module}/${one.step}`), one, null));
      answers = [...both.values()].filter((one) => one.status !== "open" || one.overtaken.length);
    }
    const today = () => new Date().toISOString().slice(0, 10);
    const copies = () => make("section", { id: "take-along", class: "panel no-print" }, make("h2", {}, t("take")), make("p", {}, t("take_text")), make("div", { class: "buttons" },
      make("button", { type: "button", class: "primary", click: async () => {
        status.textContent = t("asking");
        try {
          const { data } = await Promise.race([ask({ kind: "document", answers }), new Promise((_, no) => setTimeout(no, 20000))]);
          hand(`my-portfolio-${today()}.docx`, WORD, Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
          status.textContent = t("kept");
        } catch { status.textContent = t("no_document"); }
      } }, t("document")),
      make("button", { type: "button", class: "quiet", click: () => {
        hand(`my-portfolio-${today()}.txt`, "text/plain", `\ufeff${writeText(course.modules, answers, PORTFOLIO_TEXT, longDay(new Date())).replace(/\n/g, "\r\n")}`);
        status.textContent = t("kept");
      } }, t("text")),
      make("button", { type: "button", class: "quiet", click: () => {
        hand(`my-reflections-to-go-on-${today()}.json`, "application/json", writeCopy(answers, settings.course, new Date().toISOString()));
        status.textContent = t("kept");
      } }, t("go_on")),
      make("button", { type: "button", class: "quiet", click: () => print() }, t("print"))));

    async function draw() {
      await gather();
      const find = ({ module, step }) => answers.find((one) => one.module === module && one.step === step);
      body.replaceChildren(...(answers.length
        ? [picture(course.modules, answers), planOf(course.modules, find), thenAndNow(course.pairs, find), answersOf(course.modules, answers, find), copies()]
        : [make("p", {}, t("nothing")), picture(course.modules, answers)]).filter(Boolean));
    }
    place.append(status, body);
    el.replaceChildren(place);
    addEventListener("focus", draw, { signal });
    addEventListener("ppm:online", draw, { signal });
    await draw();
    document.documentElement.dataset.reflections = "ready";
  },
};
