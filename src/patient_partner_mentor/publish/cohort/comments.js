/* Comments, each beside its answer: in the module's page and on My reflections. A new one stays closed until the
   learner opens it, when it suits her; only then it counts as read. */
import { COHORT_TEXT } from "./cohort_text.js";
import { button, dayOf, fill, h, settings, statusLine } from "./dom.js";
import { askState, call } from "./http.js";
import { TAPPED, wishBox } from "./wishes.js";

const SAID = COHORT_TEXT.comments;
const REPLIES = ["yes-please", "no-thanks", "please-call-me"];

/** One step's comments as an element that opens. @param {Object[]} comments of this step, the oldest first @param {Object[]} wishes tapped there */
function commentBox(module, step, comments, wishes) {
  const isNew = comments.some((one) => one.new), { line, say } = statusLine("comment-status");
  const send = (body) => call(settings, "PUT", `comments/${module.id}/${step}`, body);
  const buttons = REPLIES.map((reply) => button(SAID[reply], async () => {
    try {
      await send({ reply });
      shown(reply);
      if (TAPPED.includes(reply)) wished({ step, wish: reply, since: new Date().toISOString() });
    } catch { say(SAID.not_sent); }
  }, "quiet", { "aria-pressed": "false", "data-reply": reply }));
  const shown = (reply) => {
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.reply === reply));
    say(fill(SAID.answered, { reply: SAID[reply].replace(",", "").toLowerCase() }));
  };
  const asked = h("div", {}), wished = (one) => {
    asked.querySelector(`[data-wish="${one.wish}"]`)?.remove();
    asked.append(wishBox(module, one, () => {
      const pressed = buttons.find((other) => other.dataset.reply === one.wish && other.getAttribute("aria-pressed") === "true");
      if (pressed) { pressed.setAttribute("aria-pressed", "false"); say(); }
    }));
  };
  for (const one of wishes) wished(one);
  const title = h("span", { class: "comment-title" }, isNew ? SAID.new : SAID.title);
  const box = h("details", { class: "comment", id: `comment-${step}`, open: !isNew, "data-new": isNew },
    h("summary", {}, title),
    comments.map((one) => h("div", { class: "comment-one" }, h("p", { class: "comment-words", dir: "auto" }, one.comment), h("p", { class: "small" }, fill(SAID.date, { date: dayOf(one.time) })))),
    h("div", { role: "group", "aria-label": SAID.answer }, h("p", { class: "comment-ask" }, SAID.answer), h("div", { class: "buttons" }, buttons)), line, asked);
  const { reply } = comments.at(-1);
  if (reply) shown(reply);
  box.addEventListener("toggle", async () => {
    if (!box.open || box.dataset.new === undefined) return;
    try {
      await send({ read: true });
      delete box.dataset.new;
      title.textContent = SAID.title;
      box.dispatchEvent(new CustomEvent("ppm:read", { bubbles: true, detail: { module: module.id, step } }));
    } catch {} // it stays new, and is marked when it is opened next
  });
  return box;
}

/** A line on a step that a human counts. @param {state, time} */
export const creditLine = ({ state, time }) => h("p", { class: "credit-line small" }, fill(SAID[`credited_${state}`], { date: dayOf(time) }));

/** The comments of a module as elements by step; none where there are none. @param {Object[]} wishes the learner's, of this module */
export async function commentBoxes(module, wishes = []) {
  const { comments } = await call(settings, "GET", `comments/${module.id}`);
  const bySteps = Map.groupBy?.(comments, (one) => one.step) ?? comments.reduce((all, one) => all.set(one.step, [...(all.get(one.step) ?? []), one]), new Map());
  return new Map([...bySteps].map(([step, of]) => [step, commentBox(module, step, of, wishes.filter((one) => one.step === step && !one.withdrawn && TAPPED.includes(one.wish)))]));
}

/* the module's page */
const list = document.querySelector(".step-list");
const formsReady = () => new Promise((good) => { if (document.documentElement.dataset.forms === "ready") good(); else document.addEventListener("ppm:forms-ready", good, { once: true }); });
let shared = null;
window.ppm.isShared = (question) => Boolean(shared?.answers.some((one) => one.step === question.step && one.share)); // for the forms

async function besideForms() {
  const module = settings.modules.find((one) => one.id === list.dataset.module);
  const found = (await askState(settings)).modules[module.id];
  shared = found.shared;
  const boxes = found.comments ? await commentBoxes(module, found.wishes) : new Map();
  const stillSo = (one) => one.wish === "other-way" && shared?.answers.some(({ step, status }) => step === one.step && status === "other-way");
  const wishes = found.wishes.filter((one) => !one.withdrawn || stillSo(one));
  await formsReady();
  document.dispatchEvent(new CustomEvent("ppm:credited", { detail: found.credited }));
  for (const form of document.querySelectorAll("form.reflection")) {
    const place = form.closest(".form-place"), section = form.closest("section"), box = boxes.get(form.dataset.step);
    if (box) place.after(box);
    for (const one of wishes) if (one.step === form.dataset.step && !(box && TAPPED.includes(one.wish))) place.after(wishBox(module, one));
    if (window.ppm.isShared({ step: form.dataset.step })) place.after(h("p", { class: "shared-line" }, fill(SAID.shared_step, { date: dayOf(shared.time) })));
    if (found.credited[form.dataset.step]) place.after(creditLine(found.credited[form.dataset.step]));
    if (!box) continue;
    if (box.dataset.new !== undefined) section.unfold?.(false);
    section.querySelector(".step-fold-state")?.after(h("span", { class: "step-fold-comment" }, ` ${box.dataset.new === undefined ? SAID.fold : SAID.fold_new}`));
  }
  if (location.hash === "#comments") {
    const first = document.querySelector("details.comment[data-new]") ?? document.querySelector("details.comment");
    first?.closest("section")?.unfold?.(false);
    if (first) { first.scrollIntoView({ block: "center" }); first.querySelector("summary").focus(); }
  }
  document.documentElement.dataset.comments = "ready";
}
if (list) besideForms().catch(() => { document.documentElement.dataset.comments = "unreached"; });
