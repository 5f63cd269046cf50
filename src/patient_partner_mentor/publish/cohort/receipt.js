/* What follows a sharing: the receipt, what is shared at this time, and taking it back. */
import { bring, button, dayOf, fill, h, listed, momentOf, settings, statusLine } from "./dom.js";
import { call } from "./http.js";
import { SHARING_TEXT } from "./sharing_text.js";

const TOLD = SHARING_TEXT.share;
const DAY = 86400000; // ms

/** The receipt as an element. @param answers what the hand-in holds @param {(step) => string} titleOf */
export function receiptOf(receipt, answers, state, module, titleOf) {
  const went = answers.filter((one) => one.share), by = new Date(Date.parse(receipt.time) + state.reading_days * DAY);
  return h("div", { class: "receipt" },
    h("h2", {}, TOLD.receipt_title),
    h("p", { class: "receipt-time" }, fill(TOLD.receipt_time, { time: momentOf(receipt.time) })),
    h("p", {}, fill(TOLD.receipt_read, { readers: listed(state.readers), date: dayOf(by, state.time_zone), zone: state.time_zone })),
    went.length ? [h("p", {}, TOLD.receipt_went), h("ul", { class: "receipt-list", role: "list" }, went.map((one) => h("li", {}, h("strong", {}, titleOf(one.step)), h("div", { class: "written", dir: "auto" }, one.text))))] : h("p", {}, TOLD.receipt_no_words),
    receipt.kept.length ? [h("p", {}, TOLD.receipt_kept), h("ul", {}, receipt.kept.map((step) => h("li", {}, titleOf(step))))] : null,
    receipt.reply_wanted ? h("p", {}, fill(TOLD.receipt_reply, { title: titleOf(receipt.reply_wanted) })) : null,
    h("p", {}, TOLD.receipt_back),
    h("div", { class: "buttons" }, h("a", { class: "button", href: `${settings.root}notebooks/${module.name}/module.html` }, TOLD.receipt_on), h("a", { href: settings.home }, TOLD.receipt_home)));
}

/** What is shared of a module at this time, with the way to take it back.
    @param {(said: string) => void} done called when it was taken back */
export function sharedNow(module, shared, state, done) {
  const { line, say } = statusLine();
  const ask = h("div", {});
  const start = () => { ask.replaceChildren(h("div", { class: "buttons" }, button(TOLD.back, sure))); };
  const sure = () => {
    const no = button(TOLD.back_no, () => { start(); ask.querySelector("button").focus(); });
    ask.replaceChildren(h("div", {}, h("p", { id: "back-ask", class: "status" }, TOLD.back_ask), shared.read ? h("p", {}, TOLD.back_read) : null,
      h("div", { class: "buttons" }, button(TOLD.back_yes, doIt, "primary", { "aria-describedby": "back-ask" }), no)));
    no.focus();
  };
  const doIt = async () => {
    let said;
    try {
      const { read, left } = await call(settings, "DELETE", `share/${module.id}`);
      const stays = left.map((one) => fill(TOLD.back_left_line, one)).join(" ");
      said = `${read ? TOLD.back_done_read : TOLD.back_done} ${TOLD.back_left} ${stays}`;
    } catch (problem) {
      if (problem.status !== 404) return say(problem.reason === "unreached" ? TOLD.back_unreached : problem.message ?? TOLD.refused);
      said = TOLD.back_gone;
    }
    done(said);
  };
  start();
  return h("section", { class: "panel shared-now", "aria-labelledby": "shared-now-title" }, h("h2", { id: "shared-now-title" }, TOLD.now_title),
    h("p", {}, fill(TOLD.now_text, { time: momentOf(shared.time) }), " ", shared.read ? TOLD.now_read : TOLD.now_unread), h("p", { class: "shared-difference" }), ask, line);
}

/** All modules, each with what is shared of it and the way to its own page. */
export function sharedOverview(state) {
  return [h("p", {}, TOLD.choose), h("ul", { class: "progress-list" }, settings.modules.map((module) => {
    const { shared, taken_back: back } = state.modules[module.id];
    const said = shared ? fill(TOLD.shared_on, { date: dayOf(shared.time) }) : back ? fill(TOLD.taken_back, { date: dayOf(back) }) : TOLD.not_shared;
    return h("li", {}, h("a", { href: `?module=${module.id}` }, fill(TOLD.heading, module)), h("span", {}, said));
  }))];
}

/** Put the reader to the first heading of what was drawn. */
export const toHeading = (place) => bring(place.querySelector("h2"));
